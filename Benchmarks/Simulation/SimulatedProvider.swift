public import SignalboxCore
import SignalboxRouting

/// A provider as it is, and what our configuration knows of it.
public struct SimulatedProvider: Sendable {
    /// For a while it answers nothing.
    public struct Outage: Sendable {
        public var begins: Duration
        public var ends: Duration
        public var failure: FailureKind
        /// How long an attempt takes to fail.
        public var after: Duration

        public init(_ begins: Duration, _ ends: Duration, _ failure: FailureKind, after: Duration) {
            self.begins = begins
            self.ends = ends
            self.failure = failure
            self.after = after
        }
    }

    /// What of its limits comes to be known, and how.
    public enum Candour: Sendable {
        /// They stand in our configuration.
        case configured
        /// Each reply says what is left.
        case told
        /// It answers 429, with or without a Retry-After.
        case hidden(saysRetryAfter: Bool)
    }

    public var name: String
    public var keys: Int
    /// Of each key, in minutes of its own.
    public var requestsPerMinute: Int
    public var tokensPerMinute: Int
    public var candour: Candour
    /// Of the provider: attempts at once that we allow ourselves.
    public var concurrency: Int
    /// Of an answer: the median, and how far the logarithm spreads.
    public var latency: Duration
    public var spread: Double
    /// The share of attempts that fail by themselves.
    public var errorRate: Double
    public var outages: [Outage]
    public var weight: Double
    /// Billionths of a dollar for a token, either way.
    public var price: Double

    public init(
        _ name: String, keys: Int, requestsPerMinute: Int, tokensPerMinute: Int, candour: Candour,
        concurrency: Int = 64, latency: Duration, spread: Double = 0.4, errorRate: Double = 0.005,
        outages: [Outage] = [], weight: Double = 1, price: Double
    ) {
        self.name = name
        self.keys = keys
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
        self.candour = candour
        self.concurrency = concurrency
        self.latency = latency
        self.spread = spread
        self.errorRate = errorRate
        self.outages = outages
        self.weight = weight
        self.price = price
    }

    /// As our configuration would say it.
    var settings: StandingSettings {
        var keyLimits = StandingSettings.Limits()
        if case .configured = candour {
            keyLimits.requestsPerMinute = requestsPerMinute
            keyLimits.tokensPerMinute = tokensPerMinute
        }
        return StandingSettings(limits: .init(concurrency: concurrency), keyLimits: keyLimits)
    }
}

extension SimulatedProvider {
    /// Ten that differ in everything: three say nothing of their limits.
    public static let ten: [SimulatedProvider] = [
        .init(
            "amber", keys: 2, requestsPerMinute: 120, tokensPerMinute: 200_000, candour: .configured,
            latency: .milliseconds(450), weight: 3, price: 400),
        .init(
            "birch", keys: 4, requestsPerMinute: 30, tokensPerMinute: 60_000, candour: .configured,
            latency: .milliseconds(300), price: 100),
        .init(
            "cedar", keys: 1, requestsPerMinute: 200, tokensPerMinute: 300_000, candour: .told,
            latency: .milliseconds(900),
            outages: [.init(.seconds(1_800), .seconds(2_100), .overloaded, after: .milliseconds(200))],
            weight: 2, price: 600),
        .init(
            "delta", keys: 2, requestsPerMinute: 60, tokensPerMinute: 90_000, candour: .told,
            latency: .milliseconds(700), price: 250),
        .init(
            "ember", keys: 1, requestsPerMinute: 40, tokensPerMinute: 50_000,
            candour: .hidden(saysRetryAfter: true), latency: .milliseconds(350), price: 80),
        .init(
            "flint", keys: 2, requestsPerMinute: 25, tokensPerMinute: 40_000,
            candour: .hidden(saysRetryAfter: false), latency: .milliseconds(500), price: 60),
        .init(
            "grove", keys: 1, requestsPerMinute: 60, tokensPerMinute: 100_000,
            candour: .hidden(saysRetryAfter: true), latency: .milliseconds(1_200), spread: 0.6, price: 300),
        .init(
            "haven", keys: 1, requestsPerMinute: 90, tokensPerMinute: 120_000, candour: .configured,
            latency: .milliseconds(800), errorRate: 0.03,
            outages: [.init(.seconds(600), .seconds(720), .timeout(.firstByte), after: .seconds(10))],
            price: 500),
        .init(
            "inlet", keys: 2, requestsPerMinute: 100, tokensPerMinute: 150_000, candour: .told,
            latency: .milliseconds(2_000), spread: 0.7, price: 200),
        .init(
            "jetty", keys: 1, requestsPerMinute: 150, tokensPerMinute: 250_000, candour: .configured,
            concurrency: 8, latency: .milliseconds(600),
            outages: [.init(.seconds(3_000), .seconds(3_400), .unreachable, after: .milliseconds(5))],
            price: 350),
    ]
}
