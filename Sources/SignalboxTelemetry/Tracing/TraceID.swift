import SignalboxCore

/// Names one trace: sixteen bytes, the first eight in `high`. Never all zero in what is sent or recorded.
public struct TraceID: Sendable, Hashable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new one, with all bits random.
    public static func random(using random: inout some RandomNumberGenerator) -> TraceID {
        while true {
            let fresh = TraceID(high: random.next(), low: random.next())
            if fresh.isValid { return fresh }
        }
    }

    /// Whether any bit is set, as the W3C asks for.
    public var isValid: Bool { (high | low) != 0 }
}

/// Names one span within its trace: eight bytes, never all zero in what is sent or recorded.
public struct SpanID: Sendable, Hashable {
    public var bits: UInt64

    public init(_ bits: UInt64) {
        self.bits = bits
    }

    /// A new one, random.
    public static func random(using random: inout some RandomNumberGenerator) -> SpanID {
        while true {
            let fresh = SpanID(random.next())
            if fresh.isValid { return fresh }
        }
    }

    public var isValid: Bool { bits != 0 }
}

extension TraceID: CustomStringConvertible {
    /// Thirty-two hexadecimal digits, lower case.
    public var description: String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            HexText.write(high, to: buffer, at: 0)
            HexText.write(low, to: buffer, at: 16)
            return 32
        }
    }
}

extension SpanID: CustomStringConvertible {
    /// Sixteen hexadecimal digits, lower case.
    public var description: String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            HexText.write(bits, to: buffer, at: 0)
            return 16
        }
    }
}
