import SignalboxCore
import SignalboxTelemetry

/// Times the chunks of one stream, by when the network brought them.
struct StreamPace {
    private let start: Instant
    private var metrics: GenAIStreamMetrics?
    private var last: Instant?

    init(start: Instant) {
        self.start = start
    }

    var hasBegun: Bool { metrics != nil }

    mutating func begin(_ metrics: GenAIStreamMetrics) {
        self.metrics = metrics
    }

    mutating func chunk(at now: Instant) {
        if let last {
            metrics?.perChunk.observe(now.seconds(since: last))
        } else {
            metrics?.firstChunk.observe(now.seconds(since: start))
        }
        last = now
    }
}
