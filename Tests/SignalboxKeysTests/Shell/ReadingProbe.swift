import SignalboxCore
import SignalboxTelemetry

/// Asks one URL, as often as it has stages, and reads a reply as simply as a vendor's probe never would: what
/// it is told it tells, the key included.
struct ReadingProbe: KeyProbe {
    let url: String
    let key: Secret
    var method = KeyProbeRequest.Method.get
    var stages = 1
    var requestIDHeader: String?
    private var stage = 0

    init(
        _ url: String, key: Secret, method: KeyProbeRequest.Method = .get, stages: Int = 1,
        requestIDHeader: String? = nil
    ) {
        self.url = url
        self.key = key
        self.method = method
        self.stages = stages
        self.requestIDHeader = requestIDHeader
    }

    mutating func begin() -> KeyProbeStep {
        .ask(
            KeyProbeRequest(
                method, url, headers: [("authorization", Secret("Bearer \(key.reveal())"))],
                body: method == .get ? [] : Array("scope=\(stage)".utf8), requestIDHeader: requestIDHeader,
                progress: stages == 1
                    ? nil : KeyProbeProgress(scope: "s\(stage)", current: stage + 1, total: stages)))
    }

    mutating func take(_ outcome: KeyProbeOutcome) -> KeyProbeStep {
        stage += 1
        if stage < stages { return begin() }
        return .done(report(outcome))
    }

    private func report(_ outcome: KeyProbeOutcome) -> KeyReport {
        switch outcome {
        case .failure(let failure):
            switch failure.kind {
            case .timeout: KeyReport(.providerDown, code: .networkTimeout, message: failure.message)
            case .cancelled: KeyReport(.unknown, message: failure.message)
            default: KeyReport(.providerDown, message: failure.message)
            }
        case .reply(let reply): report(reply)
        }
    }

    private func report(_ reply: WholeReply) -> KeyReport {
        let text = String(decoding: reply.body, as: UTF8.self)
        let requestID = reply.headers["x-request-id"]
        let retryAfter = reply.headers["retry-after"].flatMap {
            RetryAfterField.parse($0, at: reply.receivedAt)
        }
        var state = KeyState.unknown
        switch reply.status {
        case 200: state = .valid
        case 401: state = text.hasPrefix("{") ? .invalid : .unknown
        case 402: state = .noCredit
        case 429: state = .rateLimited
        case 500...: state = .providerDown
        default: break
        }
        var report = KeyReport(
            state, message: text, status: reply.status, requestID: requestID, retryAfter: retryAfter)
        if state == .valid { report.details = ReadingProbe.details(reply) }
        return report
    }

    /// Of a body such as `{"balance": "1.5", "unit": "USD", "purpose": "m1"}`.
    private static func details(_ reply: WholeReply) -> KeyDetails {
        var details = KeyDetails()
        guard let tree = try? JSONTree(parsing: reply.body) else { return details }
        details.balances = (tree["balances"]?.elements ?? []).compactMap { one in
            KeyBalance(
                amount: one["amount"]?.string ?? "", unit: one["unit"]?.string ?? "",
                purpose: one["purpose"]?.string)
        }
        details.limitRemaining = tree["remaining"]?.string.flatMap { KeyBalance(amount: $0, unit: "USD") }
        details.expiresAt = tree["expires"]?.string.flatMap { InternetDate.parse($0) }
        details.organisation = tree["organisation"]?.string
        return details
    }
}
