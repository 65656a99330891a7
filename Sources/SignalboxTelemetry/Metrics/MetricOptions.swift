/// What a registry keeps and says beyond the plain.
public struct MetricOptions: Sendable, Hashable {
    /// Whether histograms have exponential buckets as well as their classic ones, for the formats that carry
    /// them. Costs 136 bytes a series and thread, and 256 for each 16-fold range of sizes that the thread
    /// saw.
    public var nativeHistograms: Bool
    /// Whether OpenMetrics says in a line `_created` when each counter and histogram began. To scrapers that
    /// do not know its meaning it is one series more for each. Protobuf has a field for it, always written.
    public var createdLines: Bool

    public init(nativeHistograms: Bool = true, createdLines: Bool = false) {
        self.nativeHistograms = nativeHistograms
        self.createdLines = createdLines
    }
}
