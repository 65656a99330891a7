public import SignalboxCore

/// Every price that is known, and since when.
public struct PriceBook: Sendable, Equatable {
    /// Whose prices an entry has.
    public enum Seller: Sendable, Hashable {
        /// One provider of the configuration, by its name.
        case provider(String)
        /// Every provider of a kind that has no entry of its own for the model.
        case kind(String)
    }

    public struct Entry: Sendable, Hashable {
        public let seller: Seller
        public let model: String
        public let price: Price

        public init(_ seller: Seller, model: String, _ price: Price) {
            self.seller = seller
            self.model = model
            self.price = price
        }
    }

    /// Says which prices an amount was made with: the file's own word, or a number made of its content.
    public let version: String
    /// In the file's order.
    public let entries: [Entry]
    private let histories: [Subject: PriceHistory]

    private struct Subject: Hashable {
        let seller: Seller
        let model: String
    }

    public init(version: String, _ entries: [Entry]) {
        self.version = version
        self.entries = entries
        histories = Dictionary(grouping: entries) { Subject(seller: $0.seller, model: $0.model) }
            .mapValues { PriceHistory($0.map(\.price)) }
    }

    /// What the model costs at this provider, now and at other times; nil where nobody has said so. Entries
    /// of the provider's name leave no room for those of its kind.
    public func history(provider: String, kind: String, model: String) -> PriceHistory? {
        histories[Subject(seller: .provider(provider), model: model)]
            ?? histories[Subject(seller: .kind(kind), model: model)]
    }

    /// Every currency that an entry has, each once and in alphabetical order.
    public var currencies: [String] {
        Set(entries.map(\.price.currency)).sorted()
    }

    /// A version for a file that has none: FNV-1a, 64 bits, in sixteen hexadecimal digits. It tells versions
    /// apart; it does not protect against somebody who wants two to look the same.
    public static func version(of content: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in content { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// What a model's tokens cost from a moment on.
public struct Price: Sendable, Hashable {
    public let validFrom: WallTime
    /// Three capital letters, such as `USD`.
    public let currency: String
    public let rates: TokenRates

    public init(validFrom: WallTime, currency: String, rates: TokenRates) {
        self.validFrom = validFrom
        self.currency = currency
        self.rates = rates
    }

    public func cost(of usage: TokenUsage) -> Money {
        Money(nano: rates.nano(for: usage), currency: currency)
    }
}

/// The prices of one model at one provider, one after the other.
public struct PriceHistory: Sendable, Hashable {
    /// The latest first.
    public let prices: [Price]

    /// - Parameter prices: no two of them from the same moment on.
    public init(_ prices: [Price]) {
        self.prices = prices.sorted { $0.validFrom > $1.validFrom }
    }

    /// The latest that is valid by then; nil before the first.
    public func price(at time: WallTime) -> Price? {
        place(at: time).map { prices[$0] }
    }

    /// Where it stands in ``prices``.
    public func place(at time: WallTime) -> Int? {
        prices.firstIndex { $0.validFrom <= time }
    }
}
