import SignalboxCore
import SignalboxHTTP

/// Who calls the daemon in the course of a ``DemoDay``, and for what: by chance alone.
struct DemoCallers: Sendable {
    private var random: FastRandom

    struct Call: Sendable {
        var tenant: String
        var body: [UInt8]
        var headers: [RequestHeader]
        /// How long the caller waits for all of the answer; some have little.
        var patience: Duration
    }

    init(seed: UInt64) {
        random = FastRandom(seed: seed)
    }

    static let tenants = ["acme", "globex", "initech"]

    /// By how often they are asked for; nobody has the last one.
    private static let models = [
        (name: "chat", weight: 50), ("fast", 18), ("code", 12), ("batch", 6), ("story", 8), ("draft", 4),
        ("nonsense", 2),
    ]

    /// What a tenant sends as `Bearer`: no secret.
    static func token(of tenant: String) -> String { "demo-token-of-\(tenant)" }

    /// One for each tenant.
    static func templates(_ address: ListenAddress) -> [String: RequestTemplate] {
        Dictionary(
            uniqueKeysWithValues: tenants.map { tenant in
                (
                    tenant,
                    RequestTemplate(
                        url: "http://\(address)/v1/chat/completions",
                        headers: [
                            ("content-type", Secret("application/json")),
                            ("authorization", Secret("Bearer \(token(of: tenant))")),
                        ])
                )
            })
    }

    mutating func next() -> Call {
        let tenant = pick([("acme", 5), ("globex", 3), ("initech", 2)])
        let model = pick([
            ("chat", 50), ("fast", 18), ("code", 12), ("batch", 6), ("story", 8), ("draft", 4),
            ("nonsense", 2),
        ])
        let isStreaming = happens(0.5)
        let body = JSONTree.object([
            "model": .string(model), "stream": .bool(isStreaming),
            "messages": .array([.object(["role": "user", "content": "What is the time, and why?"])]),
        ])
        var headers = [RequestHeader("x-signalbox-priority", pick([("normal", 8), ("high", 2), ("low", 2)]))]
        if happens(0.3) {
            headers.append(RequestHeader("x-session-id", "session-\(Int.random(in: 1...50, using: &random))"))
        }
        return Call(
            tenant: tenant, body: body.json, headers: headers,
            patience: happens(0.03) ? .milliseconds(250) : .seconds(60))
    }

    /// One of the names, by their weights.
    private mutating func pick(_ names: [(name: String, weight: Int)]) -> String {
        var draw = Int.random(in: 0..<names.map(\.weight).reduce(0, +), using: &random)
        for (name, weight) in names {
            draw -= weight
            if draw < 0 { return name }
        }
        preconditionFailure("a draw is below the sum of the weights")
    }

    private mutating func happens(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }
}
