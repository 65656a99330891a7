import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// One signal's way to its receiver: one request at a time, sent again where ``ExportRetry`` says so.
/// Confined to its loop's thread.
final class ExportChannel {
    let signal: ExportSignal
    private let packed: RequestTemplate?
    private let plain: RequestTemplate
    private let limits: ExportRetry.Limits
    private let client: HTTPClient
    private let metrics: ExportMetrics
    private let events: ExportEvents
    private let time: any TimeSource
    let nap: Nap
    private var current: IncomingReply?
    /// Set once the program ends: nothing goes on beyond it.
    private var end: Instant?
    private(set) var isGivenUp = false
    /// Whether the program is about to end.
    var isEnding: Bool { end != nil }

    /// Bytes of a request before it is compressed; a larger one is never sent (OTLP/HTTP).
    static let requestBytesMax = 64 << 20
    /// Bytes of an answer, decompressed; a larger one is a failure that is final (OTLP/HTTP).
    static let answerBytesMax = 4 << 20

    init(
        _ signal: ExportSignal, to destination: Configuration.OTLP.Destination, client: HTTPClient,
        registry: MetricRegistry, events: ExportEvents, time: any TimeSource
    ) {
        self.signal = signal
        self.client = client
        self.events = events
        self.time = time
        nap = Nap(loop: client.loop)
        plain = RequestTemplate(destination, isPacked: false)
        packed = destination.compression == .gzip ? RequestTemplate(destination, isPacked: true) : nil
        limits = ExportRetry.Limits(
            pauseMin: destination.retryDelay, pauseMax: destination.retryDelay * 10,
            total: destination.exportTimeout)
        metrics = ExportMetrics(registry, signal, server: destination.server)
    }

    /// Sends a batch of `count` records until it has arrived or is given up, and counts it as either.
    func send(_ body: [UInt8], count: Int) async {
        metrics.began(count)
        let start = client.loop.now()
        var retry = ExportRetry(limits, at: start)
        let result =
            body.count > ExportChannel.requestBytesMax
            ? Attempt(.failed(.requestTooLarge)) : await send(body, retry: &retry)
        let elapsed = start.duration(to: client.loop.now())
        switch result.ending {
        case .arrived(let part):
            let rejected = min(part?.rejected ?? 0, count)
            metrics.ended(
                count, arrived: count - rejected, failure: rejected > 0 ? .rejected : nil,
                status: result.status, after: elapsed)
            if let part { events.rejected(signal, rejected, of: count, part.message) }
            if rejected == 0 { events.arrived(signal) }
        case .failed(let failure):
            metrics.ended(count, arrived: 0, failure: failure, status: result.status, after: elapsed)
            events.lost(signal, count, failure, result.message, retries: retry.retries, at: time.now())
        }
    }

    /// From now on nothing goes on beyond `instant`.
    func end(by instant: Instant) {
        end = instant
        nap.wake()
    }

    /// Ends at once whatever still goes on.
    func giveUp() {
        isGivenUp = true
        current?.cancel()
        nap.wake()
    }

    // MARK: One batch

    private struct Attempt {
        enum Ending {
            case arrived(ExportReply.PartialSuccess?)
            case failed(ExportFailure)
        }

        var ending: Ending
        var status: Int?
        var floor: Duration?
        /// The receiver's or the transport's words.
        var message: String?

        init(_ ending: Ending, status: Int? = nil, floor: Duration? = nil, message: String? = nil) {
            self.ending = ending
            self.status = status
            self.floor = floor
            self.message = message
        }
    }

    private func send(_ body: [UInt8], retry: inout ExportRetry) async -> Attempt {
        var template = plain
        var bytes = body
        // Where zlib has no memory, the receiver gets the bytes as they are.
        if let packed, let smaller = Gzip.compress(body) { (template, bytes) = (packed, smaller) }
        while true {
            let attempt = await attempt(template, bytes, until: retry.deadline)
            guard case .failed(let failure) = attempt.ending else { return attempt }
            if let end { retry.end(by: end) }
            let verdict = retry.judge(
                failure, floor: attempt.floor, at: client.loop.now(), random: &client.loop.random)
            guard case .again(let instant) = verdict, await waited(until: instant) else { return attempt }
            metrics.retries.increment()
        }
    }

    /// False where the program ends before `instant`.
    private func waited(until instant: Instant) async -> Bool {
        while client.loop.now() < instant {
            if isGivenUp || end.map({ $0 <= instant }) ?? false { return false }
            await nap.sleep(until: instant)
        }
        return !isGivenUp
    }

    private func attempt(_ template: RequestTemplate, _ bytes: [UInt8], until deadline: Instant) async
        -> Attempt
    {
        guard !isGivenUp else { return Attempt(.failed(.shutdown)) }
        let reply = client.post(template, body: bytes, deadline: Deadline(at: min(deadline, end ?? deadline)))
        current = reply
        defer { current = nil }
        do throws(TransportError) {
            try await reply.head()
            return try await judge(reply)
        } catch {
            return Attempt(
                .failed(ExportFailure(error)), status: reply.status > 0 ? reply.status : nil,
                message: "\(error)")
        }
    }

    /// What an answer with a head means: its status decides, whether or not its body is whole. Only success
    /// needs the body, which says how much of the request was taken.
    private func judge(_ reply: IncomingReply) async throws(TransportError) -> Attempt {
        let status = reply.status
        guard (200...299).contains(status) else {
            let floor = reply.headers["retry-after"].flatMap {
                RetryAfterField.parse($0, at: time.wallTime())
            }
            var body: [UInt8] = []
            do throws(TransportError) {
                body = try await reply.whole()
            } catch .tooLarge(let limit) {
                throw .tooLarge(limit: limit)
            } catch {
                body = []
            }
            return Attempt(
                .failed(.status(status)), status: status, floor: floor,
                message: ExportReply.statusMessage(in: body))
        }
        let body = try await reply.whole()
        return Attempt(.arrived(ExportReply.partialSuccess(in: body)), status: status)
    }
}

extension ExportFailure {
    fileprivate init(_ error: TransportError) {
        switch error {
        case .unreachable, .forbidden, .tls: self = .unreachable
        case .reset, .cut: self = .connectionLost
        case .timeout: self = .timeout
        case .tooLarge: self = .answerTooLarge
        case .malformed: self = .answerMalformed
        case .cancelled: self = .shutdown
        case .local: self = .local
        }
    }
}

extension RequestTemplate {
    fileprivate convenience init(_ destination: Configuration.OTLP.Destination, isPacked: Bool) {
        var headers = destination.headers.map { ($0.name, $0.value) }
        headers.append(("content-type", Secret("application/x-protobuf")))
        if isPacked { headers.append(("content-encoding", Secret("gzip"))) }
        if !headers.contains(where: { $0.0 == "user-agent" }) {
            headers.append(("user-agent", Secret("Signalbox-OTLP-Exporter-Swift/\(Build.version)")))
        }
        self.init(
            url: destination.url, headers: headers,
            timeouts: TransferTimeouts(
                connect: destination.timeout, firstByte: destination.timeout, idle: destination.timeout,
                total: destination.timeout),
            replyBytesMax: ExportChannel.answerBytesMax,
            authorityFile: destination.certificateAuthorityFile,
            identity: destination.clientCertificateFile.map {
                Identity(certificateFile: $0, keyFile: destination.clientKeyFile)
            })
    }
}

extension Configuration.OTLP.Destination {
    /// Where it is, for labels.
    fileprivate var server: (host: String, port: UInt16) {
        let base = BaseURL(String(url.prefix { $0 != "?" }))
        return (base?.host ?? "", base?.port ?? 0)
    }
}
