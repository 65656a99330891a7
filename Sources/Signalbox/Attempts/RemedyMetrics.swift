import SignalboxTelemetry

/// How it ended what routes do against answers that break off, or do not come. All of it is rare: series are
/// resolved as it ends.
struct RemedyMetrics: Sendable {
    private let holds: CounterFamily
    private let hedges: CounterFamily
    private let continuations: CounterFamily

    init(_ registry: MetricRegistry) {
        holds = registry.counter(Catalogue.holds)
        hedges = registry.counter(Catalogue.hedges)
        continuations = registry.counter(Catalogue.continuations)
    }

    func held(_ route: String, _ outcome: HoldOutcome) {
        holds.series(route, outcome.rawValue).increment()
    }

    func hedged(_ route: String, _ outcome: HedgeOutcome) {
        hedges.series(route, outcome.rawValue).increment()
    }

    func continued(_ route: String, _ outcome: ContinuationOutcome) {
        continuations.series(route, outcome.rawValue).increment()
    }
}
