/// What one check of a key has found.
public struct KeyReport: Sendable, Equatable {
    public var state: KeyState
    public var code: KeyCode
    /// For people. Never contains the key.
    public var message: String
    /// Of the reply that decided; nil where none came.
    public var status: Int?
    /// The provider's own machine-readable code, if it sent one.
    public var providerCode: String?
    /// What the provider calls the request that decided, for its support.
    public var requestID: String?
    /// How long the provider asks to be left alone.
    public var retryAfter: Duration?
    public var proof: KeyProof
    public var details: KeyDetails

    public init(
        _ state: KeyState, code: KeyCode? = nil, message: String, status: Int? = nil,
        providerCode: String? = nil, requestID: String? = nil, retryAfter: Duration? = nil,
        proof: KeyProof = KeyProof(), details: KeyDetails = KeyDetails()
    ) {
        self.state = state
        self.code = code ?? KeyCode(state)
        self.message = message
        self.status = status
        self.providerCode = providerCode
        self.requestID = requestID
        self.retryAfter = retryAfter
        self.proof = proof
        self.details = details
    }
}

/// That a key exists and that it may generate are two facts; nil where a check has not shown one either way.
public struct KeyProof: Sendable, Hashable {
    public var exists: Bool?
    public var mayGenerate: Bool?

    public init(exists: Bool? = nil, mayGenerate: Bool? = nil) {
        self.exists = exists
        self.mayGenerate = mayGenerate
    }
}

/// What a provider says of a key beside its verdict. Empty or nil: it says nothing of it.
public struct KeyDetails: Sendable, Equatable {
    /// Of longer lists the beginning is kept.
    public static let listMax = 500

    /// Those that the key has, as the provider names them.
    public var scopes: [String] = []
    public var missingScopes: [String] = []
    /// Those that the key may name.
    public var models: [String] = []
    /// Those asked after by name that the provider has not, or not for this key.
    public var missingModels: [String] = []
    public var balances: [KeyBalance] = []
    /// What is left until a limit on the key is reached.
    public var limitRemaining: KeyBalance?
    public var expiresAt: WallTime?
    public var organisation: String?
    /// The only one that the key is for.
    public var region: String?
    /// How many scopes were tried.
    public var attempts: Int?

    public init() {}
}

/// An amount as the provider states it.
public struct KeyBalance: Sendable, Hashable {
    /// The digits as they came, `110.00`.
    public let amount: String
    /// A currency (`USD`), or what else is counted (`tokens`).
    public let unit: String
    /// What it can be spent on, where the provider says.
    public let purpose: String?

    /// Nil for what is no number.
    public init?(amount: String, unit: String, purpose: String? = nil) {
        guard amount.utf8.count <= 40, let value = Double(amount), value.isFinite else { return nil }
        self.amount = amount
        self.unit = unit
        self.purpose = purpose
    }

    /// As near as a `Double` comes: for metrics.
    public var units: Double { Double(amount) ?? 0 }
}
