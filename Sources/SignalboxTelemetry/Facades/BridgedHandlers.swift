import CoreMetrics

/// Whose series a handler writes to, for when it is destroyed.
struct BridgedUse: Sendable {
    let metric: BridgedMetric
    let values: [String]
    /// The handler's own: its series is there while the scope is.
    let scope: SeriesScope
}

protocol BridgedHandler: AnyObject, Sendable {
    var use: BridgedUse { get }
}

final class BridgedCounter: BridgedHandler, CounterHandler {
    let use: BridgedUse
    private let counter: Counter

    init(use: BridgedUse, counter: Counter) {
        self.use = use
        self.counter = counter
    }

    func increment(by amount: Int64) { counter.increment(by: Int(amount)) }

    /// Nothing: to those who read a counter, going back means that the process was started anew.
    func reset() {}
}

final class BridgedFloatingCounter: BridgedHandler, FloatingPointCounterHandler {
    let use: BridgedUse
    private let counter: FloatingCounter

    init(use: BridgedUse, counter: FloatingCounter) {
        self.use = use
        self.counter = counter
    }

    func increment(by amount: Double) { counter.increment(by: amount) }

    /// Nothing, as for a counter of whole things.
    func reset() {}
}

final class BridgedGauge: BridgedHandler, MeterHandler, RecorderHandler {
    let use: BridgedUse
    private let gauge: Gauge

    init(use: BridgedUse, gauge: Gauge) {
        self.use = use
        self.gauge = gauge
    }

    func set(_ value: Int64) { gauge.set(Double(value)) }
    func set(_ value: Double) { gauge.set(value) }
    func increment(by amount: Double) { gauge.add(amount) }
    func decrement(by amount: Double) { gauge.add(-amount) }
    func record(_ value: Int64) { gauge.set(Double(value)) }
    func record(_ value: Double) { gauge.set(value) }
}

final class BridgedHistogram: BridgedHandler, RecorderHandler, TimerHandler {
    let use: BridgedUse
    private let histogram: Histogram

    init(use: BridgedUse, histogram: Histogram) {
        self.use = use
        self.histogram = histogram
    }

    func record(_ value: Int64) { histogram.observe(Double(value)) }
    func record(_ value: Double) { histogram.observe(value) }
    func recordNanoseconds(_ duration: Int64) { histogram.observe(Double(duration) / 1_000_000_000) }
}
