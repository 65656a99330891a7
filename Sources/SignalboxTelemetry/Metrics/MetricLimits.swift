/// The bounds of a registry. What exceeds one is counted, never a trap.
public struct MetricLimits: Sendable, Hashable {
    /// Series per metric; further label sets share the series `other`.
    public var seriesMax: Int
    /// Bytes of one label value; what is longer is cut and ends in `…`.
    public var labelValueBytesMax: Int

    public init(seriesMax: Int = 1_000, labelValueBytesMax: Int = 256) {
        self.seriesMax = max(1, seriesMax)
        self.labelValueBytesMax = max(8, labelValueBytesMax)
    }

    /// Buckets of one histogram: its cells must fit in one chunk.
    static let bucketsMax = 256
}
