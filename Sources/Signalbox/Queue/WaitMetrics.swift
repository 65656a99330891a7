import SignalboxCore
import SignalboxTelemetry

/// One provider's line, by priority.
struct QueueDepths: Sendable {
    private let gauges: [Gauge]

    init(_ family: GaugeFamily, provider: String) {
        gauges = RequestPriority.allCases.map { family.series(provider, $0.rawValue) }
    }

    subscript(priority: RequestPriority) -> Gauge { gauges[priority.rank] }
}

/// How waits in line went.
struct WaitMetrics: Sendable {
    private let waits: [Histogram]
    private let full: Counter
    private let late: Counter

    init(_ registry: MetricRegistry) {
        let waits = registry.histogram(Catalogue.queueWait)
        self.waits = RequestPriority.allCases.map { waits.series($0.rawValue) }
        let rejections = registry.counter(Catalogue.queueRejections)
        full = rejections.series(QueueRejection.full.rawValue)
        late = rejections.series(QueueRejection.late.rawValue)
    }

    func rejected(_ reason: QueueRejection) {
        switch reason {
        case .full: full.increment()
        case .late: late.increment()
        }
    }

    func ended(_ ending: WaitEnding, _ priority: RequestPriority, after seconds: Double) {
        waits[priority.rank].observe(seconds)
        switch ending {
        case .served, .givenUp: break
        case .late: rejected(.late)
        }
    }
}
