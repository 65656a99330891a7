/// Which key it is, across reloads of the configuration: never the secret itself.
public struct KeyIdentity: Hashable, Sendable {
    public let alias: String
    /// Of the secret: another one behind the same alias is another key.
    public let fingerprint: UInt64

    public init(alias: String, fingerprint: UInt64) {
        self.alias = alias
        self.fingerprint = fingerprint
    }
}

/// Where the keys and models of a configuration stand in a ``ProviderStanding``, in the order in which they
/// were named.
public struct Places: Sendable, Equatable {
    public let keys: [Int]
    public let models: [Int]

    public init(keys: [Int], models: [Int]) {
        self.keys = keys
        self.models = models
    }
}
