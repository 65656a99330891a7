/// The bounds of a log. What exceeds one is cut visibly, or dropped and counted.
public struct LogLimits: Sendable, Hashable {
    /// Lines that wait for the log's reader; further ones are dropped.
    public var bufferBytesMax: Int
    /// One field's value; what is longer is cut and ends in `…`.
    public var valueBytesMax: Int
    /// One line; further fields are left out and `"cut":true` says so.
    public var lineBytesMax: Int
    /// The name of a field that is made at run time; what is longer is cut and ends in `…`.
    static let nameBytesMax = 128
    /// Dictionaries and lists within each other; what lies deeper is left out, and `"cut":true` says so.
    static let depthMax = 8
    /// How long lines may wait for company before they are written together.
    public var coalescing: Duration

    public init(
        bufferBytesMax: Int = 4 << 20, valueBytesMax: Int = 8 << 10, lineBytesMax: Int = 64 << 10,
        coalescing: Duration = .milliseconds(5)
    ) {
        self.bufferBytesMax = max(1_024, bufferBytesMax)
        self.valueBytesMax = max(16, valueBytesMax)
        self.lineBytesMax = max(256, lineBytesMax)
        self.coalescing = coalescing
    }
}
