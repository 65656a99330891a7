public import SignalboxCore

/// Whether an attempt may be made now, and if not, whether waiting helps.
public enum Admission: Sendable, Equatable {
    /// Room is reserved until the ticket is settled or released.
    case open(Ticket)
    /// A concurrency cap of ours is reached: may be queued for.
    case busy
    /// A window of ours, or one that the provider told of, is full for so long yet: may be queued for.
    case limited(for: Duration)
    /// The provider asked to be left alone for so long yet.
    case resting(for: Duration)
    case out(OutReason)
}

/// What ``Admission`` would be, without the reservation.
public enum Outlook: Sendable, Equatable {
    case open
    case busy
    case limited(for: Duration)
    case resting(for: Duration)
    case out(OutReason)
}

/// Why waiting a moment does not help.
public enum OutReason: String, Sendable, Hashable, CaseIterable {
    /// The provider's breaker or the key's is open, or another probe is under way.
    case breaker
    /// The provider said that the key is invalid, expired or disabled.
    case keyRejected = "key_rejected"
    case noCredit = "no_credit"
    /// The key may not use this model.
    case accessMissing = "access_missing"
    case modelNotFound = "model_not_found"
    /// The request alone has more tokens than a window lets through in a minute: no wait would help it.
    case tooLarge = "too_large"
}

/// An attempt's reservation. Settled or released exactly once, with the standing that gave it.
public struct Ticket: Sendable, Equatable {
    public let key: Int
    public let model: Int
    /// Reserved for it.
    public let tokens: Int
    public let admittedAt: Instant
    let providerPass: Breaker.Pass
    let keyPass: Breaker.Pass
    /// What was out and may be back: this attempt finds out.
    let trials: Trials

    struct Trials: Sendable, Equatable {
        var key = Exclusion.Trial.none
        var model = Exclusion.Trial.none
        var access = Exclusion.Trial.none
    }

    /// With this attempt the provider's breaker asks whether it may close: it is half-open now.
    public var isProviderProbe: Bool { providerPass.isProbe }
    /// With this attempt the key's breaker asks whether it may close: it is half-open now.
    public var isKeyProbe: Bool { keyPass.isProbe }
}
