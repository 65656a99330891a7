public import SignalboxCore

/// The trace behind one sample, for the few requests whose trace is kept.
public struct Exemplar: Sendable, Hashable {
    /// The first eight bytes of the trace's id, read as one big-endian number.
    public var traceIDHigh: UInt64
    public var traceIDLow: UInt64
    public var spanID: UInt64
    /// When the sample was taken: its maker knows it, and the metric needs no clock.
    public var time: WallTime

    public init(traceIDHigh: UInt64, traceIDLow: UInt64, spanID: UInt64, time: WallTime) {
        self.traceIDHigh = traceIDHigh
        self.traceIDLow = traceIDLow
        self.spanID = spanID
        self.time = time
    }

    /// 32 hexadecimal digits.
    package var traceIDText: String { Self.hexadecimal(traceIDHigh) + Self.hexadecimal(traceIDLow) }
    /// 16 hexadecimal digits.
    package var spanIDText: String { Self.hexadecimal(spanID) }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

/// An exemplar and the amount or the observation that it stands for.
package struct TakenExemplar: Sendable, Hashable {
    package let exemplar: Exemplar
    package let value: Double

    package init(_ exemplar: Exemplar, value: Double) {
        self.exemplar = exemplar
        self.value = value
    }
}
