public import SignalboxCore

/// What is believed of one key, from one check after the other. It does nothing and reads no clock.
///
/// ```
///              good                         bad               the same bad again
///  (nothing) ───────▶ standing    standing ─────▶ doubted ──────────────────────▶ standing
///                                     ▲              │ good: take(_:)
///                                     └──────────────┘
/// ```
///
/// A good verdict is believed at once. One against the key is believed when the next verdict agrees with it:
/// a vendor that errs once takes no key out. Checks that said nothing of the key stand between two verdicts
/// without parting them.
public struct KeyJudgement: Sendable {
    /// What a check has changed.
    public enum Outcome: Sendable, Equatable {
        /// Nothing was learnt: what was believed stays.
        case nothing
        /// The same as was believed.
        case confirmed
        /// One verdict against the key: it is believed if the next one agrees.
        case doubted
        /// Something else is believed now.
        case changed(from: KeyState?, to: KeyState)
    }

    /// The last verdict that is believed; nil until there is one.
    public private(set) var standing: KeyReport?
    /// The last check, whatever it said.
    public private(set) var latest: KeyReport?
    /// A verdict against the key that waits for a second one.
    public private(set) var doubt: KeyState?

    public init() {}

    /// Goes on where an earlier run stopped.
    package init(standing: KeyReport?, latest: KeyReport?, doubt: KeyState?) {
        self.standing = standing
        self.latest = latest
        self.doubt = doubt
    }

    /// ``KeyState/unknown`` until a verdict is believed.
    public var state: KeyState { standing?.state ?? .unknown }

    /// Takes what a check has found.
    public mutating func take(_ report: KeyReport) -> Outcome {
        latest = report
        switch report.state.weight {
        case .nothing: return .nothing
        case .good: return believe(report)
        case .bad:
            if report.state == standing?.state || report.state == doubt { return believe(report) }
            doubt = report.state
            return .doubted
        }
    }

    private mutating func believe(_ report: KeyReport) -> Outcome {
        let before = standing?.state
        standing = report
        doubt = nil
        return before == report.state ? .confirmed : .changed(from: before, to: report.state)
    }
}
