import SignalboxCore
import SignalboxRouting
import SignalboxTelemetry

/// Tells of each decision: an embedder's closure, and a log line at debug.
final class DecisionEvents: Sendable {
    private let logger: Logger
    private let listener: (@Sendable (RouteEvent) -> Void)?

    init(logger: Logger, listener: (@Sendable (RouteEvent) -> Void)?) {
        self.logger = logger
        self.listener = listener
    }

    /// Whether an event must be made at all.
    var areHeard: Bool { listener != nil || logger.isEnabled(.debug) }

    func tell(_ event: RouteEvent, of call: RoutedCall) {
        listener?(event)
        logger.log(.debug, "llm_route", requestID: event.requestID, trace: call.trace.context) { fields in
            fields.string("route", event.route)
            fields.string("decision", event.decision.name)
            fields.string("detail", event.decision.detail)
            if !event.provider.isEmpty {
                fields.string("provider", event.provider)
                fields.string("model", event.model)
                fields.string("key", event.key)
                fields.int("attempt", event.attempt)
                fields.string("order", event.order?.rawValue)
            }
            if let duration = event.decision.duration { fields.milliseconds("ms", duration) }
        }
    }
}
