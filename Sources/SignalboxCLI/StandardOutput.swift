import Glibc

/// What a command prints, many rows at a time.
struct StandardOutput {
    private var waiting: [UInt8] = []
    private let descriptor: Int32

    /// Bytes that are written in one call.
    private static let pieceBytes = 256 << 10

    static let descriptor = STDOUT_FILENO

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    init(descriptor: Int32 = STDOUT_FILENO) {
        self.descriptor = descriptor
    }

    mutating func write(_ text: String) throws(CommandFailure) {
        try write(Array(text.utf8))
    }

    mutating func write(_ bytes: [UInt8]) throws(CommandFailure) {
        waiting += bytes
        if waiting.count >= Self.pieceBytes { try flush() }
    }

    /// At the end: nothing is written by itself.
    mutating func flush() throws(CommandFailure) {
        var start = 0
        while start < waiting.count {
            let count = waiting[start...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw CommandFailure(
                    message: "the output cannot be written: \(String(cString: strerror(errno)))", status: 1)
            }
            start += count
        }
        waiting.removeAll(keepingCapacity: true)
    }
}
