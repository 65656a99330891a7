import ArgumentParser
import Glibc
import SignalboxCore
import SignalboxHTTP

/// `signalbox status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows how a running daemon's providers and keys stand.",
        discussion: """
            A line for each provider and key: health, circuit, requests and tokens of the last minute \
            against their limits, what is free of them, latency, requests in flight and in line.

            The admin token, where the daemon has one, is taken from SIGNALBOX_ADMIN_TOKEN.
            Exits with 0 if the daemon answered, else with 1.
            """)

    @Option(help: "The admin listener's address.")
    var admin = "http://127.0.0.1:9464"

    @Option(help: "A PEM file of the authorities to believe, where the listener has TLS.")
    var caFile: String?

    @Flag(help: "Show it anew every --interval, until interrupted.")
    var watch = false

    @Option(help: "Seconds between two looks with --watch, 0.1 to 3600.")
    var interval = 1.0

    @Flag(help: "Print what the daemon answers, as JSON.")
    var json = false

    private static let tokenVariable = "SIGNALBOX_ADMIN_TOKEN"
    /// Cursor to the top left, and everything behind it cleared.
    private static let clearing = "\u{1B}[H\u{1B}[J"

    func validate() throws {
        guard (0.1...3_600).contains(interval) else {
            throw ValidationError("--interval takes 0.1 to 3600 seconds, not \(interval).")
        }
        if watch && json { throw ValidationError("--watch shows a table: leave out --json, or --watch.") }
    }

    func run() throws {
        guard watch else { return try show(look()) }
        while true {
            // A daemon that is away for a moment is waited for: whoever watches wants to see it come back.
            let text: String
            do throws(CommandFailure) { text = try table(look()) } catch { text = error.message + "\n" }
            write(Self.clearing + text)
            usleep(UInt32(interval * 1e6))
        }
    }

    private func show(_ body: [UInt8]) throws {
        write(json ? String(decoding: body, as: UTF8.self) + "\n" : try table(body))
    }

    private func look() throws(CommandFailure) -> [UInt8] {
        let token = getenv(Self.tokenVariable).map { Secret(String(cString: $0)) }
        let probe = AdminProbe(address: admin, token: token, authorityFile: caFile)
        let (status, body): (Int, [UInt8])
        do throws(TransportError) {
            (status, body) = try probe.get("/status")
        } catch {
            throw CommandFailure(
                message: "\(admin) does not answer: \(error). Is it the daemon's admin listener (--admin)?",
                status: 1)
        }
        switch status {
        case 200: return body
        case 401, 403:
            throw CommandFailure(
                message: "\(admin) wants proof: put the admin token into \(Self.tokenVariable).", status: 1)
        default: throw CommandFailure(message: "\(admin)/status answers \(status)", status: 1)
        }
    }

    private func table(_ body: [UInt8]) throws(CommandFailure) -> String {
        do throws(JSONSyntaxError) {
            return StatusTable(try JSONTree(parsing: body)).text
        } catch {
            throw CommandFailure(message: "\(admin)/status answers with something else: \(error)", status: 1)
        }
    }

    private func write(_ text: String) {
        // At once, whatever the output is: a watcher's terminal must not wait for a full buffer.
        print(text, terminator: "")
        fflush(nil)
    }
}
