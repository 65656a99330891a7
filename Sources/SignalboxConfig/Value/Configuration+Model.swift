extension Configuration {
    /// One of `providers[].models`: by its name alone, or with what is known of it.
    public struct Model: Sendable, Equatable {
        /// As the provider calls it, 1 to 200 bytes.
        public var name: String
        /// Tokens of prompt and answer together: 1 to 1,000,000,000. Default nil: not known, so
        /// that it is not tried for what was too long for another.
        public var contextWindow: Int?
        /// What `lowest-cost` compares. Default nil: what the price book says.
        public var price: Price?

        public init(name: String, contextWindow: Int? = nil, price: Price? = nil) {
            self.name = name
            self.contextWindow = contextWindow
            self.price = price
        }
    }

    /// What a million tokens cost, exactly: in billionths of the currency's unit.
    public struct Price: Sendable, Equatable {
        /// Of the prompt: 0 to 100,000,000 units, here times 1,000,000,000.
        public var inputNanoPerMillion: Int
        /// Of the answer, likewise.
        public var outputNanoPerMillion: Int
        /// Three capital letters, as in ISO 4217.
        public var currency: String

        public init(inputNanoPerMillion: Int, outputNanoPerMillion: Int, currency: String) {
            self.inputNanoPerMillion = inputNanoPerMillion
            self.outputNanoPerMillion = outputNanoPerMillion
            self.currency = currency
        }
    }
}

extension Configuration.Model: ExpressibleByStringLiteral {
    public init(stringLiteral name: String) {
        self.init(name: name)
    }
}
