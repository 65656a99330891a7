import SignalboxCore
import SignalboxRouting
import SignalboxTelemetry

/// What the router has to say of its providers' standing.
final class StandingEvents: Sendable {
    private let logger: Logger

    init(registry: MetricRegistry, logger: Logger) {
        self.logger = logger
    }

    /// An attempt has changed what is remembered.
    func changed(_ changes: [StandingChange], at provider: ResolvedProvider, by call: RoutedCall) {
    }

    /// A breaker is half-open: this attempt finds out whether it may close.
    func probes(_ ticket: Ticket, at candidate: ResolvedCandidate) {
    }
}
