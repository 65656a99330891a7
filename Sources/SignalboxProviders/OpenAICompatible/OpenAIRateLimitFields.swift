import SignalboxCore

/// The headers in which a vendor of the family tells its limits.
struct OpenAIRateLimitFields: Sendable {
    /// One limit's three headers. The reset comes as `6m0s`, as seconds from now, or as a moment in seconds
    /// or milliseconds since 1970: they cannot be mistaken for each other.
    struct Names: Sendable {
        let limit: StaticString
        let remaining: StaticString
        let reset: StaticString?
    }

    /// Of several, the tightest counts.
    var requests: [Names] = []
    var tokens: [Names] = []

    static let none = OpenAIRateLimitFields()

    /// Groq spells them like that too; there the requests are a day's and the tokens a minute's.
    static let openAI = OpenAIRateLimitFields(
        requests: [
            Names(
                limit: "x-ratelimit-limit-requests", remaining: "x-ratelimit-remaining-requests",
                reset: "x-ratelimit-reset-requests")
        ],
        tokens: [
            Names(
                limit: "x-ratelimit-limit-tokens", remaining: "x-ratelimit-remaining-tokens",
                reset: "x-ratelimit-reset-tokens")
        ])

    static let cerebras = OpenAIRateLimitFields(
        requests: [
            Names(
                limit: "x-ratelimit-limit-requests-day", remaining: "x-ratelimit-remaining-requests-day",
                reset: "x-ratelimit-reset-requests-day")
        ],
        tokens: [
            Names(
                limit: "x-ratelimit-limit-tokens-minute", remaining: "x-ratelimit-remaining-tokens-minute",
                reset: "x-ratelimit-reset-tokens-minute")
        ])

    /// Windows of a minute, whose end is not told.
    static let mistral = OpenAIRateLimitFields(
        requests: [
            Names(
                limit: "x-ratelimit-limit-req-minute", remaining: "x-ratelimit-remaining-req-minute",
                reset: nil)
        ],
        tokens: [
            Names(
                limit: "x-ratelimit-limit-tokens-minute", remaining: "x-ratelimit-remaining-tokens-minute",
                reset: nil)
        ])

    static let openRouter = OpenAIRateLimitFields(requests: [plain])

    static let together = OpenAIRateLimitFields(
        requests: [plain],
        tokens: [
            Names(
                limit: "x-tokenlimit-limit", remaining: "x-tokenlimit-remaining", reset: "x-tokenlimit-reset")
        ])

    /// Fireworks counts the tokens of both sides apart.
    private static let fireworks = OpenAIRateLimitFields(tokens: [
        Names(
            limit: "x-ratelimit-limit-tokens-prompt", remaining: "x-ratelimit-remaining-tokens-prompt",
            reset: nil),
        Names(
            limit: "x-ratelimit-limit-tokens-generated", remaining: "x-ratelimit-remaining-tokens-generated",
            reset: nil),
    ])

    /// Everything that is known, for who may be anybody.
    static let any = [openAI, cerebras, mistral, together, fireworks].reduce(into: none) {
        $0.requests += $1.requests
        $0.tokens += $1.tokens
    }

    private static let plain = Names(
        limit: "x-ratelimit-limit", remaining: "x-ratelimit-remaining", reset: "x-ratelimit-reset")

    func read(_ headers: HeaderBlock, at now: WallTime) -> RateLimits {
        RateLimits(
            requests: Self.tightest(of: requests, in: headers, at: now),
            tokens: Self.tightest(of: tokens, in: headers, at: now))
    }

    private static func tightest(
        of names: [Names], in headers: HeaderBlock, at now: WallTime
    ) -> RateLimits.Window? {
        names.compactMap { window($0, in: headers, at: now) }.min { share($0) < share($1) }
    }

    private static func window(
        _ names: Names, in headers: HeaderBlock, at now: WallTime
    ) -> RateLimits.Window? {
        let limit = headers[names.limit].flatMap(count)
        let remaining = headers[names.remaining].flatMap(count)
        guard limit != nil || remaining != nil else { return nil }
        let reset = names.reset.flatMap { headers[$0] }.flatMap { moment($0, after: now) }
        return RateLimits.Window(limit: limit, remaining: remaining, resetsAt: reset)
    }

    /// How much of it is left; what is not told is taken for all.
    private static func share(_ window: RateLimits.Window) -> Double {
        guard let remaining = window.remaining else { return 1 }
        if remaining == 0 { return 0 }
        return window.limit.map { Double(remaining) / Double(max($0, 1)) } ?? 1
    }

    /// A whole number, not below 0; some vendors write `14.0`.
    private static func count(_ text: String) -> Int? {
        guard let number = Double(text), number.isFinite else { return nil }
        return Int(min(max(number, 0), 1e15))
    }

    private static func moment(_ text: String, after now: WallTime) -> WallTime? {
        if let number = Double(text), number >= 1e9, number.isFinite {
            let seconds = number >= 1e11 ? number / 1_000 : number
            return WallTime(nanosecondsSince1970: Int64(min(seconds, 9e9) * 1_000) * 1_000_000)
        }
        guard let wait = RetryAfter.units(text) else { return nil }
        return WallTime(nanosecondsSince1970: now.nanosecondsSince1970 &+ wait.nanoseconds)
    }
}

extension RateLimits {
    /// Until what is used up is there again; nil where nothing is, or nobody says when.
    func wait(at now: WallTime) -> Duration? {
        let moments = [requests, tokens].compactMap { window in
            window?.remaining == 0 ? window?.resetsAt?.nanosecondsSince1970 : nil
        }
        return moments.max().map {
            min(.nanoseconds(max(0, $0 &- now.nanosecondsSince1970)), RetryAfter.longest)
        }
    }
}
