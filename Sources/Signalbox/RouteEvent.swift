public import SignalboxCore
public import SignalboxRouting

/// One decision about a request, as an embedder's closure hears it.
public struct RouteEvent: Sendable {
    public enum Decision: Sendable, Equatable {
        /// The candidate is asked now.
        case asks(AttemptReason)
        /// It has answered: the whole answer, or a stream's first delta.
        case answered(after: Duration)
        /// It has failed. Behind `answered`: the stream broke off, where the route does something against
        /// that.
        case failed(FailureKind, after: Duration)
        /// Every candidate is at a limit of ours: the request waits in line for these providers.
        case waits(for: [String])
        /// None is left, or there is no time, or no place in line.
        case exhausted(Exhaustion.Reason)
    }

    public var decision: Decision
    public var requestID: String
    public var route: String
    /// `anonymous` where no tenants are configured.
    public var tenant: String
    /// Empty where the decision concerns no candidate.
    public var provider: String
    public var model: String
    /// The key's alias.
    public var key: String
    /// Counted from 1; 0 before the first.
    public var attempt: Int
    /// Why the candidate's target stands where it does; nil where targets are tried as they are listed.
    public var order: OrderReason?
}

extension RouteEvent.Decision {
    /// For log lines: one word.
    var name: String {
        switch self {
        case .asks: "asks"
        case .answered: "answered"
        case .failed: "failed"
        case .waits: "waits"
        case .exhausted: "exhausted"
        }
    }

    /// What there is to say beside the word.
    var detail: String? {
        switch self {
        case .asks(let reason): reason.rawValue
        case .answered: nil
        case .failed(let kind, _): kind.label
        case .waits(let providers): providers.joined(separator: ",")
        case .exhausted(let reason): reason.rawValue
        }
    }

    var duration: Duration? {
        switch self {
        case .answered(let time), .failed(_, let time): time
        case .asks, .waits, .exhausted: nil
        }
    }
}
