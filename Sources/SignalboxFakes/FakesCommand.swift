import ArgumentParser
import Glibc
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxTesting

/// `signalbox-fakes`: the fake vendors as a process.
@main
struct FakesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signalbox-fakes",
        abstract: "Serves fake LLM vendors over HTTP, each below a path of its own.",
        discussion: """
            One line of JSON on standard output says where they are:

              {"address":"127.0.0.1:40123","base_urls":{"openai":"http://127.0.0.1:40123/openai/v1",…}}

            A caller chooses what happens by key and by model. Keys: \(FakesCommand.names(FakeKey.self)); \
            any other is good. Models: \(FakesCommand.names(FakeModel.self)); any other answers like ok. \
            Answers are an echo of the last user message.

            GET /__requests lists the requests that came, the oldest first (?kind=openai for one vendor), \
            and DELETE /__requests forgets them.

            Exit codes: 0 all well, 1 it could not be done, 2 the command line is wrong.
            """)

    @Option(help: "Where to listen; port 0 is a free one.")
    var listen = "127.0.0.1:0"

    @Option(help: "How many requests are remembered; older ones are dropped and counted.")
    var remembered = 1_000

    @Flag(help: "End when standard input does, so that nothing outlives a test that dies.")
    var untilInputEnds = false

    @Argument(help: "The kinds to serve; all that have a fake if none is named.")
    var kinds: [String] = []

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            // ArgumentParser's own status for a wrong command line is 64; ours is 2, as signalbox's.
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            FakesCommand.complain(fullMessage(for: error))
            exit(withError: ExitCode(2))
        }
    }

    func validate() throws {
        guard ListenAddress(listen) != nil else {
            throw ValidationError("\(listen) is no address to listen on, such as 127.0.0.1:8080.")
        }
        guard 1...1_000_000 ~= remembered else {
            throw ValidationError("--remembered takes a number from 1 to 1000000.")
        }
        let known = FakeVendors.all.map(\.kind.rawValue)
        for kind in kinds where !known.contains(kind) {
            throw ValidationError("\(kind) has no fake; there are \(known.joined(separator: ", ")).")
        }
    }

    func run() throws {
        HostProcess.prepare()
        guard let address = ListenAddress(listen) else { preconditionFailure("validated") }
        let vendors = FakeVendors.all.filter { kinds.isEmpty || kinds.contains($0.kind.rawValue) }
        let server: FakesServer
        do {
            server = try FakesServer(vendors, at: address, remembered: remembered)
        } catch {
            FakesCommand.complain("signalbox-fakes: \(error)")
            throw ExitCode(1)
        }
        FakesCommand.write(server.greeting.text, to: STDOUT_FILENO)
        if untilInputEnds { FakesCommand.waitForInputToEnd() } else { while true { pause() } }
        server.stop()
    }

    private static func waitForInputToEnd() {
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count == 0 || (count < 0 && errno != EINTR) { return }
        }
    }

    private static func complain(_ text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ line: String, to descriptor: Int32) {
        var text = line + "\n"
        text.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    private static func names<Name: CaseIterable & RawRepresentable<String>>(_ names: Name.Type) -> String {
        names.allCases.map(\.rawValue).joined(separator: ", ")
    }
}
