public import SignalboxCore

/// What was found of a key that somebody asked about.
public struct KeyValidation: Sendable, Equatable {
    /// What a program may act on.
    public enum Verdict: Sendable, Hashable {
        case good
        /// The provider said so twice.
        case bad
        /// Nobody knows: nothing was learnt, or the provider did not say the same twice.
        case unclear
    }

    /// The configured provider's name, or the kind.
    public var provider: String
    public var report: KeyReport
    /// Whether ``report`` is believed: one good verdict is, one against the key when the next one agrees.
    public var isConfirmed: Bool
    /// From the first request to the verdict, a second asking included.
    public var elapsed: Duration
    /// Those that were begun.
    public var requests: Int
    /// One for each model that was asked after, in that order.
    public var models: [ModelStanding] = []

    public init(
        provider: String, report: KeyReport, isConfirmed: Bool, elapsed: Duration, requests: Int
    ) {
        self.provider = provider
        self.report = report
        self.isConfirmed = isConfirmed
        self.elapsed = elapsed
        self.requests = requests
    }

    public var verdict: Verdict {
        switch report.state.weight {
        case .good: .good
        case .bad: isConfirmed ? .bad : .unclear
        case .nothing: .unclear
        }
    }

    /// `valid` is absent where nobody knows. Names are only ever added.
    public var json: JSONTree {
        let head = JSONTree.object(["provider": .string(provider), "valid": valid])
        let tail = JSONTree.object([
            "confirmed": report.state.weight == .nothing ? nil : .bool(isConfirmed),
            "detected_scope": detectedScope.map(JSONTree.string),
            "attempts_count": .integer(report.details.attempts ?? min(requests, 1)),
            "requests": .integer(requests), "total_time_ms": .integer(milliseconds),
            "model_access": models.isEmpty ? nil : .array(models.map(\.json)),
        ])
        return .object((head.members ?? []) + report.members + (tail.members ?? []))
    }

    private var valid: JSONTree? {
        switch verdict {
        case .good: true
        case .bad: false
        case .unclear: nil
        }
    }

    /// The one scope that was found by trying.
    private var detectedScope: String? {
        report.details.attempts == nil ? nil : report.details.scopes.first
    }

    /// Rounded up.
    public var milliseconds: Int { Int(clamping: elapsed.millisecondsRoundedUp) }
}

extension ModelStanding {
    var json: JSONTree {
        .object([
            "model": .string(model), "access": .string(access.rawValue),
            "message": message.map(JSONTree.string),
        ])
    }
}
