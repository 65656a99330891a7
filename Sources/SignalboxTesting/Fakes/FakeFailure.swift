public import SignalboxCore

/// The keys that choose how a fake vendor treats the caller. Any other key is good; no key at all is refused
/// as the vendor refuses it.
public enum FakeKey: String, Sendable, Hashable, CaseIterable {
    case good = "good-key"
    case bad = "bad-key"
    case expired = "expired-key"
    case noCredit = "no-credit-key"
    /// Good, but without the scope or the access that the call needs.
    case noScope = "no-scope-key"
}

/// The models that choose what a fake vendor does. Any other name answers like ``ok``.
public enum FakeModel: String, Sendable, Hashable, CaseIterable {
    case ok
    /// Calls every tool that is offered, once; answers in text when the last message brings results.
    case tools
    /// Thinks aloud before it answers.
    case reasoning
    /// A part of the prompt came from the vendor's cache, and a part was written to it.
    case cached
    /// Stops because the answer may not be longer.
    case length
    /// The answer ends because a filter stepped in.
    case filtered
    /// Good, with a pause before the head and before each event.
    case slow
    /// With ``FakeFailure/retryAfter``, told the vendor's way.
    case fail429 = "fail-429"
    case fail500 = "fail-500"
    /// The vendor's own word that it has no capacity.
    case failOverloaded = "fail-overloaded"
    case failContext = "fail-context"
    case failFilter = "fail-filter"
    case failModel = "fail-model"
    case failInvalid = "fail-invalid"
    /// A proxy's page with status 403.
    case htmlError = "html-error"
    /// 200, some of the answer, then the vendor's error inside the stream. Unstreamed: `fail-500`.
    case streamError = "stream-error"
    /// Everything, the reason to stop too, but not the vendor's terminator.
    case streamNoTerminator = "stream-no-terminator"
    /// Ends cleanly in the middle of the answer.
    case streamShort = "stream-short"
    /// The connection breaks in the middle of the answer.
    case streamCut = "stream-cut"
    /// Falls silent in the middle of the answer.
    case streamStall = "stream-stall"

    /// From a name as vendors write them (`models/ok`, `openai/ok`).
    public init(named name: String) {
        self = FakeModel(rawValue: name.split(separator: "/").last.map(String.init) ?? name) ?? .ok
    }
}

/// What a fake vendor can be made to refuse a call with.
public enum FakeFailure: Sendable, Hashable, CaseIterable {
    case keyMissing, keyBad, keyExpired, noCredit, noScope
    case rateLimited, serverError, overloaded
    case contextTooLong, filtered, modelMissing, invalid
    case proxyPage

    /// How long the vendor asks to be left alone with ``rateLimited``.
    public static let retryAfter: Duration = .seconds(7)

    /// Nil where the call is answered. The key speaks first, as at the vendors' doors.
    /// - Parameter key: as it was sent; nil where none was.
    public init?(key: String?, model: String) {
        guard let key, !key.isEmpty else {
            self = .keyMissing
            return
        }
        if let failure = FakeKey(rawValue: key)?.refusal ?? FakeModel(named: model).refusal {
            self = failure
        } else {
            return nil
        }
    }

    /// What an adapter must make of it.
    public var kind: FailureKind {
        switch self {
        case .keyMissing, .keyBad, .keyExpired: .keyRejected
        case .noCredit: .noCredit
        case .noScope: .accessMissing
        case .rateLimited: .rateLimited
        case .serverError, .overloaded: .overloaded
        case .contextTooLong: .contextTooLong
        case .filtered: .contentFiltered
        case .modelMissing: .modelNotFound
        case .invalid: .invalidRequest
        case .proxyPage: .malformedReply
        }
    }
}

extension FakeKey {
    /// Nil where the key is good.
    public var refusal: FakeFailure? {
        switch self {
        case .good: nil
        case .bad: .keyBad
        case .expired: .keyExpired
        case .noCredit: .noCredit
        case .noScope: .noScope
        }
    }
}

extension FakeModel {
    /// Nil where the call is answered with 200, whatever becomes of the answer.
    public var refusal: FakeFailure? {
        switch self {
        case .fail429: .rateLimited
        case .fail500: .serverError
        case .failOverloaded: .overloaded
        case .failContext: .contextTooLong
        case .failFilter: .filtered
        case .failModel: .modelMissing
        case .failInvalid: .invalid
        case .htmlError: .proxyPage
        case .ok, .tools, .reasoning, .cached, .length, .filtered, .slow, .streamError, .streamNoTerminator,
            .streamShort, .streamCut, .streamStall:
            nil
        }
    }
}
