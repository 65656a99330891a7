import ArgumentParser
import Glibc
import SignalboxCore

/// Where a key comes from. Never from the command line, which every program on the machine can read.
struct KeyInput: ParsableArguments {
    @Option(help: "Take the key from this environment variable.")
    var env: String?

    @Flag(help: "Take the key from standard input.")
    var stdin = false

    static let remedy = """
        A key is never given as an argument, where other programs can read it: type it when you are asked \
        for it, or say --env NAME, or --stdin.
        """

    /// Bytes of a key; the longest are tokens of a few thousand.
    private static let bytesMax = 64 << 10

    var isGiven: Bool { env != nil || stdin }

    func validate() throws {
        if env != nil && stdin { throw ValidationError("Give --env or --stdin, not both.") }
    }

    func read(for kind: KeyKind) throws(CommandFailure) -> Secret {
        if let env { return try Self.variable(env) }
        if isatty(STDIN_FILENO) == 1 {
            return try HiddenPrompt.read("Key for \(kind.name) (it is not shown): ", bytesMax: Self.bytesMax)
        }
        guard stdin else {
            throw CommandFailure(
                message: "there is no terminal to ask for the key: say --env NAME or --stdin", status: 2)
        }
        return try Self.input()
    }

    /// The name is not repeated: a key may have been given in its place.
    private static func variable(_ name: String) throws(CommandFailure) -> Secret {
        guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else {
            throw CommandFailure(
                message: "--env takes the name of a variable, and the one it names is not set", status: 2)
        }
        return Secret(value)
    }

    private static func input() throws(CommandFailure) -> Secret {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while bytes.count <= bytesMax {
            let count = Glibc.read(STDIN_FILENO, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += piece.prefix(count)
        }
        while bytes.last == 0x0A || bytes.last == 0x0D { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.count <= bytesMax else {
            throw CommandFailure(
                message: bytes.isEmpty ? "there is no key on standard input" : "that is too long for a key",
                status: 2)
        }
        return Secret(String(decoding: bytes, as: UTF8.self))
    }
}
