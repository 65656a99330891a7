/// Every provider, model and key that a route may use, in the order in which they are tried. Made once, when
/// configuration loads; requests share it and walk it by index.
public struct CandidateTable: Sendable {
    public struct Model: Sendable, Equatable {
        public var name: String
        /// In tokens; nil where the configuration does not say.
        public var contextWindow: Int?

        public init(name: String, contextWindow: Int? = nil) {
            self.name = name
            self.contextWindow = contextWindow
        }
    }

    /// One target of a route. A provider may be the target more than once, with other models.
    public struct Target: Sendable, Equatable {
        /// The same number for the same provider, in every table.
        public var provider: Int
        public var name: String
        public var models: [Model]
        /// Aliases; a provider that needs no key has one anyway.
        public var keys: [String]

        public init(provider: Int, name: String, models: [Model], keys: [String]) {
            self.provider = provider
            self.name = name
            self.models = models
            self.keys = keys
        }
    }

    public let targets: [Target]
    /// The largest context window of all, in tokens; nil where one is not known.
    public let windowMax: Int?

    public init(_ targets: [Target]) {
        precondition(
            targets.allSatisfy { !$0.models.isEmpty && !$0.keys.isEmpty }, "a target has a model and a key")
        self.targets = targets
        let windows = targets.flatMap { $0.models.map(\.contextWindow) }
        windowMax = windows.contains(nil) ? nil : windows.compactMap(\.self).max()
    }

    public func provider(of candidate: Candidate) -> Int { targets[candidate.target].provider }
    public func providerName(of candidate: Candidate) -> String { targets[candidate.target].name }
    public func model(of candidate: Candidate) -> Model { targets[candidate.target].models[candidate.model] }
    public func keyAlias(of candidate: Candidate) -> String { targets[candidate.target].keys[candidate.key] }

    /// The one after `candidate` at its target: the next key, then the next model with the first key.
    func following(_ candidate: Candidate) -> Candidate? {
        let target = targets[candidate.target]
        if candidate.key + 1 < target.keys.count {
            return Candidate(target: candidate.target, model: candidate.model, key: candidate.key + 1)
        }
        return followingModel(candidate)
    }

    /// The first key of its target's next model.
    func followingModel(_ candidate: Candidate) -> Candidate? {
        guard candidate.model + 1 < targets[candidate.target].models.count else { return nil }
        return Candidate(target: candidate.target, model: candidate.model + 1, key: 0)
    }
}

/// One way to have a request answered: indexes into a ``CandidateTable``.
public struct Candidate: Sendable, Hashable {
    public var target: Int
    /// Among the target's models.
    public var model: Int
    /// Among the target's keys.
    public var key: Int

    public init(target: Int, model: Int, key: Int) {
        self.target = target
        self.model = model
        self.key = key
    }
}
