import SignalboxTelemetry

/// How it ended what one route does against answers that break off, or do not come. All of it is rare: series
/// are resolved as it ends.
struct RemedyMetrics: Sendable {
    private let route: String
    private let holds: CounterFamily
    private let hedges: CounterFamily
    private let continuations: CounterFamily

    init(_ scope: SeriesScope, route: String) {
        self.route = route
        holds = scope.counter(Catalogue.holds)
        hedges = scope.counter(Catalogue.hedges)
        continuations = scope.counter(Catalogue.continuations)
    }

    func held(_ outcome: HoldOutcome) {
        holds.series(route, outcome.rawValue).increment()
    }

    func hedged(_ outcome: HedgeOutcome) {
        hedges.series(route, outcome.rawValue).increment()
    }

    func continued(_ outcome: ContinuationOutcome) {
        continuations.series(route, outcome.rawValue).increment()
    }
}
