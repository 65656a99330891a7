public import SignalboxCore
import SignalboxKeys

/// What is known of a key that is checked.
public struct KeyCheckStatus: Sendable, Equatable {
    public var provider: String
    /// The provider's, such as `openai`.
    public var kind: String
    public var alias: String
    /// The verdict that is believed; nil until there is one.
    public var standing: KeyReport?
    /// Of the last check, whatever it said.
    public var latest: KeyReport?
    /// A verdict against the key that the next one must confirm to be believed.
    public var doubt: KeyState?
    /// When the last check ended.
    public var lastCheck: WallTime?
    /// How long it took.
    public var elapsed: Duration?
    /// When the next one is due; nil while one is under way.
    public var nextCheck: WallTime?
    /// When a check or a caller's request last showed that the key works.
    public var verified: WallTime?
    public var checks: Int
    /// Checks that were left out since requests had shown that the key works.
    public var skipped: Int

    /// ``KeyState/unknown`` until a verdict is believed.
    public var state: KeyState { standing?.state ?? .unknown }
}

extension KeyCheckStatus {
    init(_ status: KeyStatus) {
        self.init(
            provider: status.provider, kind: status.kind, alias: status.alias, standing: status.standing,
            latest: status.latest, doubt: status.doubt, lastCheck: status.lastCheck,
            elapsed: status.elapsed, nextCheck: status.nextCheck,
            verified: [status.lastGoodCheck, status.lastProof].compactMap(\.self).max(),
            checks: status.checks, skipped: status.skipped)
    }
}
