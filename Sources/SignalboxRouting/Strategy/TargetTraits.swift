/// What the configuration says of a route's target, as far as strategies ask. Made once, when it loads.
public struct TargetTraits: Sendable, Equatable {
    /// The same number for the same provider, in every route.
    public var provider: Int
    /// Relative to the others of its tier: `weighted` draws by it, `adaptive` adds it to the score. Zero:
    /// last.
    public var weight: Double
    /// Lower tiers come first, whatever the strategy.
    public var tier: Int
    public var price: TokenPrice?
    /// The provider's own cap on attempts at once; nil where there is none.
    public var concurrencyMax: Int?

    public init(
        provider: Int, weight: Double = 1, tier: Int = 0, price: TokenPrice? = nil,
        concurrencyMax: Int? = nil
    ) {
        precondition(weight >= 0 && weight.isFinite, "a weight is a share of something")
        self.provider = provider
        self.weight = weight
        self.tier = tier
        self.price = price
        self.concurrencyMax = concurrencyMax
    }
}

/// What a model's tokens cost, in billionths of the currency's unit for each: 0.15 USD a million are 150.
public struct TokenPrice: Sendable, Equatable {
    public var input: Double
    public var output: Double
    public var currency: String

    public init(input: Double, output: Double, currency: String) {
        self.input = input
        self.output = output
        self.currency = currency
    }
}

/// How large a request is, as far as that is known before it is sent.
public struct RequestSize: Sendable, Equatable {
    /// Tokens of the prompt, estimated.
    public var promptTokens: Int
    /// The prompt has at least so many.
    public var promptTokensMin: Int
    /// The most that may be answered, or a guess.
    public var answerTokens: Int

    public init(promptTokens: Int = 0, promptTokensMin: Int = 0, answerTokens: Int = 0) {
        self.promptTokens = promptTokens
        self.promptTokensMin = promptTokensMin
        self.answerTokens = answerTokens
    }
}
