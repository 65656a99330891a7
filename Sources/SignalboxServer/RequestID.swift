import SignalboxCore
import SignalboxHTTP

/// Every reply carries an id: the caller's where it is well formed, else one of ours. It is for finding
/// things in logs, and never identifies a bill.
enum RequestID {
    static let lengthMax = 128

    static func of(_ exchange: Exchange) -> String {
        if let given = exchange.header("x-request-id"), isWellFormed(given) { return given }
        return make(&exchange.loop.random)
    }

    private static func isWellFormed(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= lengthMax
            && text.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }

    /// `req_` and 96 random bits in hexadecimal.
    private static func make(_ random: inout FastRandom) -> String {
        var high = random.next()
        var low = UInt32(truncatingIfNeeded: random.next())
        return String(unsafeUninitializedCapacity: 28) { buffer in
            for (index, byte) in "req_".utf8.enumerated() { buffer[index] = byte }
            for index in stride(from: 19, through: 4, by: -1) {
                buffer[index] = digit(UInt8(truncatingIfNeeded: high & 15))
                high >>= 4
            }
            for index in stride(from: 27, through: 20, by: -1) {
                buffer[index] = digit(UInt8(truncatingIfNeeded: low & 15))
                low >>= 4
            }
            return 28
        }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }
}
