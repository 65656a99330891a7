/// What a settled attempt has changed, for metrics and log lines.
///
/// A breaker that turns half-open is not among them, since that happens at an admission: the ticket says it
/// (``Ticket/isProviderProbe``, ``Ticket/isKeyProbe``).
public enum StandingChange: Sendable, Equatable {
    case providerBreaker(to: BreakerState)
    case keyBreaker(key: Int, to: BreakerState)
    case keyOut(key: Int, reason: OutReason)
    case keyBack(key: Int)
    /// `model` is nil where the key rests for all of them.
    case keyRests(key: Int, model: Int?, for: Duration)
    /// The key may not use the model.
    case accessMissing(key: Int, model: Int)
    /// The provider does not have the model.
    case modelOut(model: Int)
    /// It has it now.
    case modelBack(model: Int)
    case health(Health)
}

public enum BreakerState: String, Sendable, Hashable, CaseIterable {
    case closed
    case halfOpen = "half_open"
    case open
}

public enum Health: String, Sendable, Hashable, CaseIterable {
    case healthy
    case degraded
    case unhealthy
}
