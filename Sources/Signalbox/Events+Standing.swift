import SignalboxCore
import SignalboxRouting
import SignalboxTelemetry

/// What the router has to say of its providers' standing, each change in one line.
final class StandingEvents: Sendable {
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// An attempt has changed what is remembered.
    /// - Parameter call: whose attempt it was; nil for a key check.
    func changed(_ changes: [StandingChange], at provider: ResolvedProvider, by call: RoutedCall?) {
        for change in changes { tell(change, at: provider, by: call) }
    }

    /// A breaker is half-open: this attempt finds out whether it may close.
    func probes(_ ticket: Ticket, at candidate: ResolvedCandidate, by call: RoutedCall) {
        if ticket.isProviderProbe { circuit(.halfOpen, candidate.provider, key: nil, call) }
        if ticket.isKeyProbe { circuit(.halfOpen, candidate.provider, key: ticket.key, call) }
    }

    private func tell(_ change: StandingChange, at provider: ResolvedProvider, by call: RoutedCall?) {
        switch change {
        case .providerBreaker(let state): circuit(state, provider, key: nil, call)
        case .keyBreaker(let key, let state): circuit(state, provider, key: key, call)
        case .keyOut(let key, let reason):
            log(.warning, "llm_key_out", provider, key: key, call) { $0.string("reason", reason.rawValue) }
        case .keyBack(let key): log(.info, "llm_key_back", provider, key: key, call) { _ in }
        case .keyRests(let key, let model, let pause):
            log(.debug, "llm_key_rests", provider, key: key, call) { fields in
                fields.string("model", model.flatMap(provider.modelName(at:)))
                fields.milliseconds("pause_ms", pause)
            }
        case .accessMissing(let key, let model):
            log(.warning, "llm_access_missing", provider, key: key, call) { fields in
                fields.string("model", provider.modelName(at: model))
            }
        case .modelOut(let model):
            log(.warning, "llm_model_out", provider, key: nil, call) { fields in
                fields.string("model", provider.modelName(at: model))
            }
        case .modelBack(let model):
            log(.info, "llm_model_back", provider, key: nil, call) { fields in
                fields.string("model", provider.modelName(at: model))
            }
        case .health(let health):
            let level: LogLevel = health == .unhealthy ? .warning : .info
            log(level, "llm_health", provider, key: nil, call) { fields in
                fields.string("health", health.rawValue)
            }
        }
    }

    private func circuit(_ state: BreakerState, _ provider: ResolvedProvider, key: Int?, _ call: RoutedCall?)
    {
        log(state == .open ? .warning : .info, "llm_circuit", provider, key: key, call) { fields in
            fields.string("state", state.rawValue)
        }
    }

    private func log(
        _ level: LogLevel, _ event: LogEvent, _ provider: ResolvedProvider, key: Int?, _ call: RoutedCall?,
        _ more: (inout LogFields) -> Void
    ) {
        logger.log(level, event, requestID: call?.requestID, trace: call?.trace.context) { fields in
            fields.string("provider", provider.name)
            fields.string("key", key.flatMap(provider.keyAlias(at:)))
            more(&fields)
        }
    }
}
