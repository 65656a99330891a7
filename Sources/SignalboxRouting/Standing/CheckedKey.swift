public import SignalboxCore

/// What a key check's verdict means for routing.
public enum CheckedKey: Sendable, Hashable {
    /// The provider knows the key. That alone shows no credit: a list of models costs nothing.
    case good(isGoodForAnswers: Bool)
    case out(OutReason)

    /// Nil for a verdict that says nothing of requests: neither what was no verdict, nor a key that lacks
    /// something which its requests may not need.
    public init?(_ report: KeyReport) {
        switch report.state {
        case .valid: self = .good(isGoodForAnswers: report.proof.mayGenerate == true)
        case .invalid, .expired, .disabled: self = .out(.keyRejected)
        case .noCredit, .spendLimit: self = .out(.noCredit)
        case .missingScope, .wrongRegionOrFolder:
            guard report.proof.mayGenerate == false else { return nil }
            self = .out(.keyRejected)
        case .rateLimited, .providerDown, .unknown: return nil
        }
    }
}

extension ProviderStanding {
    /// A key check's verdict: what it finds bad is out, and what it finds good is back.
    ///
    /// Except that a key of which requests were told that it has no credit needs better than to be known: it
    /// comes back by a check that has shown credit, by one that had itself found it without, or by a trial.
    public mutating func keyChecked(_ key: Int, _ verdict: CheckedKey, at now: Instant) -> [StandingChange] {
        let now = advance(to: now)
        switch verdict {
        case .out(let reason): return outByCheck(key, reason, at: now)
        case .good(let isGoodForAnswers):
            if isGoodForAnswers { keys[key].isWithoutCredit = false }
            guard keys[key].isWithoutCredit else {
                return keys[key].out.readmit() ? [.keyBack(key: key)] : []
            }
            guard let reason = keys[key].out.reason, reason != .noCredit else { return [] }
            // What the check had against it is over, and what requests were told is not.
            keys[key].out.restate(.noCredit)
            return [.keyOut(key: key, reason: .noCredit)]
        }
    }

    private mutating func outByCheck(_ key: Int, _ reason: OutReason, at now: Instant) -> [StandingChange] {
        // A check that finds no credit will also find that it is back.
        if reason == .noCredit { keys[key].isWithoutCredit = false }
        let until = now.advanced(by: settings.keyRecheck)
        return keys[key].out.exclude(for: reason, until: until) ? [.keyOut(key: key, reason: reason)] : []
    }
}
