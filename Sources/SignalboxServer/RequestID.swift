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
        let (high, low) = (random.next(), UInt32(truncatingIfNeeded: random.next()))
        return String(unsafeUninitializedCapacity: 28) { buffer in
            UnsafeMutableRawBufferPointer(buffer).storeBytes(of: prefix, as: UInt32.self)
            HexText.write(high, to: buffer, at: 4)
            HexText.write(low, to: buffer, at: 20)
            return 28
        }
    }

    /// `req_` as it stands in memory.
    private static let prefix = UInt32(bigEndian: 0x7265_715F)
}
