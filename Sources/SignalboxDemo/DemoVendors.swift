import Glibc
import SignalboxCore
import SignalboxProviders

/// The vendors of a ``DemoDay``: what each answers to a request, in OpenAI's dialect, from what hour it is
/// and from chance alone.
struct DemoVendors: Sendable {
    private var random: FastRandom

    /// One request to a vendor.
    struct Request {
        /// Such as `amber`.
        var vendor: String
        /// Below the vendor's address, such as `/models`.
        var path: String
        /// What came as `Bearer`.
        var key: String?
        var body: [UInt8]
    }

    init(seed: UInt64) {
        random = FastRandom(seed: seed)
    }

    /// Keys are no secrets here: nobody else's server takes them.
    static func key(_ vendor: String, _ number: Int) -> String { "demo-key-of-\(vendor)-\(number)" }

    static let models: [String: [String]] = [
        "amber": ["amber-large", "amber-small"], "birch": ["birch-large"], "cedar": ["cedar-coder"],
    ]

    mutating func reply(to request: Request, at hour: DemoDay.Hour) -> ReplyScript {
        guard let models = Self.models[request.vendor] else {
            return Self.error(404, "not_found", "no vendor")
        }
        if hour.troubles.contains(.birchKeyExpires), request.key == Self.key("birch", 1) {
            return Self.error(401, "invalid_api_key", "Incorrect API key provided.")
        }
        switch request.path {
        case "/models":
            return Self.json(.object(["data": .array(models.map { .object(["id": .string($0)]) })]))
        case "/key": return keyLimits(hour)
        case "/user/balance": return balance(hour)
        case "/chat/completions": return chat(request, hour)
        default: return Self.error(404, "not_found", "no such path")
        }
    }

    // MARK: Of keys

    private func keyLimits(_ hour: DemoDay.Hour) -> ReplyScript {
        Self.json(
            .object([
                "data": .object([
                    "label": "demo", "limit": .number("100"),
                    "limit_remaining": .number(Self.dollars(hour.birchRemaining)),
                    "expires_at": "2099-12-31T23:59:59Z",
                ])
            ]))
    }

    private func balance(_ hour: DemoDay.Hour) -> ReplyScript {
        Self.json(
            .object([
                "is_available": .bool(hour.cedarBalance > 0),
                "balance_infos": .array([
                    .object([
                        "currency": "USD", "total_balance": .string(Self.dollars(hour.cedarBalance)),
                    ])
                ]),
            ]))
    }

    private static func dollars(_ amount: Double) -> String {
        let cents = Int((amount * 100).rounded())
        return "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
    }

    // MARK: Chats

    private mutating func chat(_ request: Request, _ hour: DemoDay.Hour) -> ReplyScript {
        let fields: JSONFields
        do {
            fields = try JSONFields(scanning: request.body)
        } catch {
            return Self.error(400, "invalid_json", "not JSON")
        }
        let call = ChatCall(
            body: request.body, fields: fields, model: fields.string("model") ?? "",
            isStreaming: fields.bool("stream") ?? false)
        let mode = mode(of: request.vendor, isStreaming: call.isStreaming, hour)
        if request.vendor == "cedar", hour.cedarBalance <= 0 {
            return Self.error(402, "invalid_request_error", "Insufficient Balance")
        }
        let adapter = MockAdapter(settings: settings(of: request.vendor, hour))
        let model = mode == .normal ? call.model : mode.rawValue
        guard case .script(let script)? = adapter.target(call.operation, model: model, key: nil) else {
            preconditionFailure("the mock plays chats")
        }
        return script(call)
    }

    private mutating func mode(of vendor: String, isStreaming: Bool, _ hour: DemoDay.Hour) -> MockMode {
        if hour.troubles.contains(.vendorsLimit) { return happens(0.97) ? .rateLimit : .normal }
        if vendor == "amber", hour.troubles.contains(.amberDegrades), happens(0.75) { return .unhealthy }
        if isStreaming, hour.troubles.contains(.streamsBreak), happens(0.5) { return .cut }
        if happens(0.004) { return .unhealthy }
        return happens(0.002) ? .malformedChunk : .normal
    }

    private mutating func settings(of vendor: String, _ hour: DemoDay.Hour) -> MockSettings {
        let slow = vendor == "amber" && hour.troubles.contains(.amberDegrades)
        let base = vendor == "cedar" ? 0.35 : 0.12
        let spread = -Glibc.log(1 - Double.random(in: 0..<1, using: &random)) * base * 0.6
        let latency = (base + min(spread, 3)) * (slow ? 6 : 1)
        let words = Int.random(in: 8...40, using: &random)
        return MockSettings(
            latency: .seconds(latency), chunkCount: words / 2, chunkInterval: .milliseconds(slow ? 90 : 20),
            promptTokens: Int.random(in: 40...1_200, using: &random), completionTokens: words * 6,
            retryAfter: .seconds(2))
    }

    private mutating func happens(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    // MARK: Replies

    private static func json(_ tree: JSONTree, status: Int = 200) -> ReplyScript {
        ReplyScript(steps: [
            .head(status: status, headers: ["content-type": "application/json"]), .bytes(tree.json),
        ])
    }

    private static func error(_ status: Int, _ code: String, _ message: String) -> ReplyScript {
        json(
            .object([
                "error": .object([
                    "message": .string(message), "type": "invalid_request_error", "code": .string(code),
                ])
            ]), status: status)
    }
}
