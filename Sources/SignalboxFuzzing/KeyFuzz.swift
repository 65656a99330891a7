import SignalboxCore
import SignalboxProviders
import SignalboxTesting

/// What vendors answer to checks of keys, to each kind's probe; and keys that are read without asking.
enum KeyFuzz {
    static let targets = FuzzSubject.all.compactMap(probe) + [bedrock]

    /// Nothing that is reported may contain it, whatever the vendor repeats.
    private static let key = "sk-fuzz-0123456789abcdefghijklmnop"

    private static let words = [
        key, "\"data\":", "\"error\":", "\"message\":", "\"code\":", "\"id\":", "invalid_api_key", "401",
        "403",
        "429", "503", "200", "\"balance\":", "\"models\":", "\"limit_remaining\":", "\"expires_at\":",
        "insufficient_quota", "Missing scopes", "retry-after: ", "x-request-id: ",
    ]

    // MARK: Probes

    /// Nil where the kind has none.
    private static func probe(of subject: FuzzSubject) -> FuzzTarget? {
        let adapter = subject.suite.adapter
        guard adapter.probe(Secret(key), models: ["ok"]) != nil else { return nil }
        return FuzzTarget("keys:\(subject.kind.rawValue)", words: words) { mutation in
            let kinds = subject.suite.fake.keys
            let asked = kinds.isEmpty ? Secret(key) : subject.suite.fake.secret(for: mutation.pick(kinds))
            return sample(subject, asked)
        } brokenPromise: { input in
            guard var probe = adapter.probe(Secret(key), models: ["ok"]) else { return "there is a probe" }
            return brokenPromise(of: &probe, input)
        }
    }

    /// The replies of the fake vendor to one check, one behind the other.
    private static func sample(_ subject: FuzzSubject, _ key: Secret) -> [UInt8] {
        guard var probe = subject.suite.adapter.probe(key, models: ["ok"]) else { return [] }
        var written: [UInt8] = []
        var step = probe.begin()
        while case .ask(let request) = step {
            let (status, headers, body) = answer(of: subject.suite.fake, to: request)
            written += Array("\(status) \(body.count)\n".utf8) + FuzzInput.written(headers) + body
            step = probe.take(.reply(reply(status, headers, body)))
        }
        return written
    }

    private static func answer(
        of fake: any FakeVendor, to request: KeyProbeRequest
    ) -> (status: Int, headers: [String: String], body: [UInt8]) {
        var headers = Dictionary(
            request.headers.map { ($0.name.lowercased(), $0.value.reveal()) }, uniquingKeysWith: { $1 })
        if let name = request.requestIDHeader { headers[name] = "00000000-0000-4000-8000-000000000000" }
        // Behind `http:` and the host.
        let path = "/" + (request.url.split(separator: "/", maxSplits: 2).dropFirst(2).first ?? "")
        let script = fake.reply(
            to: FakeRequest(
                method: request.method.rawValue, path: String(path.prefix { $0 != "?" }), headers: headers,
                body: request.body))
        var (status, fields, body) = (200, [String: String](), [UInt8]())
        for step in script.steps {
            switch step {
            case .head(let code, let given): (status, fields) = (code, given)
            case .bytes(let bytes): body += bytes
            case .wait, .cut, .stall: break
            }
        }
        return (status, fields, body)
    }

    private static func reply(_ status: Int, _ headers: [String: String], _ body: [UInt8]) -> WholeReply {
        WholeReply(
            status: status, headers: HeaderBlock(headers), body: body, receivedAt: ProviderConformance.now)
    }

    /// The next reply that stands there; an empty one with status 200 behind the last.
    private static func nextReply(_ input: inout FuzzInput) -> WholeReply {
        let head = String(decoding: input.line() ?? [], as: UTF8.self).split(separator: " ")
        let status = head.first.flatMap { Int($0) } ?? 200
        let length = head.count > 1 ? Int(head[1]) ?? 0 : 0
        let headers = input.headers()
        let body = input.take(max(0, length))
        return reply((100...599).contains(status) ? status : 200, headers, body)
    }

    private static func brokenPromise(of probe: inout any KeyProbe, _ bytes: [UInt8]) -> String? {
        var input = FuzzInput(bytes)
        var statuses: [Int] = []
        var step = probe.begin()
        while true {
            switch step {
            case .done(let report): return broken(by: report, after: statuses, bytes)
            case .ask(let request):
                guard statuses.count < KeyProbeRequest.countMax else { return "five requests at most" }
                if let path = generating(request) { return "nothing is asked that may generate: \(path)" }
                let reply = nextReply(&input)
                statuses.append(reply.status)
                step = probe.take(.reply(reply))
            }
        }
    }

    private static func generating(_ request: KeyProbeRequest) -> String? {
        let paths = [
            "/completions", "/completion", "generateContent", "/messages", "/embeddings", "/generate",
        ]
        return paths.first { request.url.contains($0) }
    }

    private static func broken(by report: KeyReport, after statuses: [Int], _ input: [UInt8]) -> String? {
        let details = report.details
        let texts =
            [report.message, report.providerCode ?? "", report.requestID ?? "", details.organisation ?? ""]
            + details.scopes + details.missingScopes + details.models
            + (details.balances + [details.limitRemaining].compactMap(\.self)).flatMap {
                [$0.amount, $0.unit, $0.purpose ?? ""]
            }
        if texts.contains(where: { $0.contains(key) }) { return "the key is not repeated" }
        let size = texts.reduce(0) { $0 + $1.utf8.count }
        guard FuzzBound.holds(size, from: input) else { return "what is told of a key is bounded" }
        guard details.models.count <= KeyDetails.listMax, details.balances.count <= KeyDetails.listMax else {
            return "lists are bounded"
        }
        let wait = report.retryAfter ?? .zero
        guard wait >= .zero, wait <= RetryAfter.longest else { return "a wait of 31 days at most: \(wait)" }
        let isSaid = statuses.contains { (200...499).contains($0) && $0 != 429 }
        if report.state == .invalid, !isSaid { return "no silence, 5xx or 429 makes a key invalid" }
        if report.state == .valid, !statuses.contains(where: { (200...299).contains($0) }) {
            return "a key is good only where something was answered"
        }
        return nil
    }

    // MARK: Bedrock

    private static let bedrock = FuzzTarget(
        "bedrock-key", words: ["bedrock-api-key-", "X-Amz-Date=", "X-Amz-Expires=", "X-Amz-Credential=", "&"]
    ) { mutation in
        let seconds = Int.random(in: 1...43_200, using: &mutation.random)
        let address =
            "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256"
            + "&X-Amz-Credential=ASIAEXAMPLE%2F20260101%2Fus-east-1%2Fbedrock%2Faws4_request"
            + "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=\(seconds)&X-Amz-Signature=00&Version=1"
        return Array("bedrock-api-key-\(Base64Text.encode(Array(address.utf8)))".utf8)
    } brokenPromise: { input in
        do throws(BedrockKey.Mistake) {
            let read = try BedrockKey(decoding: Secret(String(decoding: input, as: UTF8.self)))
            guard read.region.utf8.count <= input.count else { return "a region is part of the key" }
            let life = read.expiresAt.map { $0.nanosecondsSince1970 - read.signedAt.nanosecondsSince1970 }
            return life.map { $0 > 0 && $0 <= 7 * 86_400_000_000_000 } ?? true ? nil : "a week at most"
        } catch {
            return nil
        }
    }
}
