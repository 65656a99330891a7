import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// Sends the deliveries of one endpoint's settings: signed, and compressed where that is wanted. Confined to
/// its loop's thread.
final class WebhookSender {
    let template: RequestTemplate
    private let secrets: [WebhookSecret]
    private let timeout: Duration
    private let client: HTTPClient
    private let time: any TimeSource
    /// How many are on the wire now.
    private var current = 0

    /// Of an answer's body, decoded. A longer one is cut: it is the status that counts.
    static let answerBytesMax = 20_000
    /// How long an answer's body is waited for once its head has come.
    static let answerPatience = Duration.seconds(5)
    private static let userAgent = "Signalbox-Webhooks/\(Build.version)"

    /// One delivery as it is sent.
    struct Parcel {
        let id: String
        let kind: BodyKind
        /// Not compressed.
        let body: [UInt8]
        let isPacked: Bool
    }

    /// How a parcel fared.
    struct Receipt {
        let answer: DeliveryAnswer
        let elapsed: Duration
        /// On the wire, without header.
        let bytes: Int
        let encoding: ContentEncoding
    }

    init(
        _ endpoint: WebhookEndpoint, addressGuard: AddressGuard, client: HTTPClient, time: any TimeSource
    ) {
        secrets = endpoint.secrets
        timeout = endpoint.timeout
        self.client = client
        self.time = time
        var headers = endpoint.headers.map { (name: $0.name, value: $0.value) }
        if !headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            headers.append(("user-agent", Secret(WebhookSender.userAgent)))
        }
        template = RequestTemplate(
            url: endpoint.url, headers: headers,
            timeouts: TransferTimeouts(connect: timeout, firstByte: timeout, idle: timeout, total: timeout),
            replyBytesMax: WebhookSender.answerBytesMax, authorityFile: endpoint.authorityFile,
            addressGuard: addressGuard)
    }

    func send(_ parcel: Parcel) async -> Receipt {
        var bytes = parcel.body
        var encoding = ContentEncoding.identity
        // Where zlib has no memory, the receiver gets the bytes as they are.
        if parcel.isPacked, let packed = Gzip.compress(parcel.body) { (bytes, encoding) = (packed, .gzip) }
        let start = client.loop.now()
        let reply = client.post(
            template, body: bytes, headers: fields(of: parcel, encoding),
            deadline: Deadline(at: start.advanced(by: timeout)))
        current += 1
        let answer = await answer(reply)
        current -= 1
        return Receipt(
            answer: answer, elapsed: start.duration(to: client.loop.now()), bytes: bytes.count,
            encoding: encoding)
    }

    /// Forgets the prepared handles: they are made again in microseconds, and idle endpoints are many.
    func rest() {
        if current == 0 { client.drop(template) }
    }

    private func fields(of parcel: Parcel, _ encoding: ContentEncoding) -> [RequestHeader] {
        let seconds = time.wallTime().nanosecondsSince1970 / 1_000_000_000
        let signature = WebhookSignature.field(
            id: parcel.id, timestamp: seconds, body: parcel.body, secrets: secrets)
        var fields = [
            RequestHeader("content-type", parcel.kind.contentType),
            RequestHeader("webhook-id", parcel.id),
            RequestHeader("webhook-timestamp", "\(seconds)"),
            RequestHeader("webhook-signature", signature),
        ]
        if encoding == .gzip { fields.append(RequestHeader("content-encoding", "gzip")) }
        return fields
    }

    private func answer(_ reply: IncomingReply) async -> DeliveryAnswer {
        do throws(TransportError) {
            try await reply.head()
        } catch {
            return DeliveryAnswer(ending: .failed(error))
        }
        let retryAfter = reply.headers["retry-after"].flatMap {
            RetryAfterField.parse($0, at: time.wallTime())
        }
        return DeliveryAnswer(
            ending: .status(reply.status), body: await body(of: reply), retryAfter: retryAfter)
    }

    /// What comes of the body in time, and within its limit.
    private func body(of reply: IncomingReply) async -> [UInt8] {
        reply.limit(until: client.loop.now().advanced(by: WebhookSender.answerPatience), phase: .total)
        defer { reply.liftLimit() }
        var bytes: [UInt8] = []
        do throws(TransportError) {
            while let piece = try await reply.next() { bytes += piece }
        } catch {
            return bytes  // cut: the status has come, and counts
        }
        return bytes
    }
}
