import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxRouting
import SignalboxTelemetry

/// One attempt of a request at one candidate: sent, read, and remembered. Confined to its loop's thread.
///
/// It begins with its place taken at the provider's desk, and gives that back when it is recorded: at once
/// for a whole answer, at the end of the stream for a stream.
final class Attempt: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    unowned let call: RoutedCall
    let candidate: ResolvedCandidate
    /// Counted from 1.
    let number: Int
    let start: Instant
    let body: [UInt8]
    let transport: ResolvedCandidate.Transport
    /// How the answer began at another provider; nil for one that is to begin.
    let begun: BegunAnswer?
    /// What is being waited for.
    var reply: IncomingReply?
    private(set) var summary = ReplySummary()
    /// What it has brought, as the log tells it; nil unless the configuration wants it logged.
    private(set) var content: LoggedContent?
    private(set) var isCancelled = false
    /// Until when the provider is listened to for its count, the caller having left.
    private(set) var drainEnd: Instant?
    /// What a stream has brought so far.
    var volume = StreamVolume()
    /// The span, where one is made or the provider is told of it.
    private var span: AttemptSpan?
    private let ticket: Ticket
    private let order: OrderReason?
    private(set) var isRecorded = false
    /// Whether the provider has it, or is about to.
    private(set) var isSent = false
    /// To a stream's first delta.
    private(set) var firstTokenAt: Instant?

    init(
        _ turn: Walk.Turn, of call: RoutedCall, number: Int, start: Instant, body: [UInt8],
        over transport: ResolvedCandidate.Transport, with begun: BegunAnswer? = nil
    ) {
        self.call = call
        candidate = turn.candidate
        ticket = turn.ticket
        order = turn.order
        self.number = number
        self.start = start
        self.body = body
        self.transport = transport
        self.begun = begun
        content = begun?.content ?? call.prompt
        if call.trace.isRecorded || call.trace.isPropagated {
            span = AttemptSpan(
                id: SpanID.random(using: &call.worker.loop.random), number: number, start: start)
        }
        candidate.provider.metrics.inflight.increment()
    }

    var router: Router { call.router }
    var loop: EventLoop { call.worker.loop }
    /// What is asked: the caller's request, or that with the beginning of its answer.
    var asked: ChatCall { begun?.call ?? call.call }

    /// Sends it, and reads a whole answer, or a stream up to its first delta.
    func run() async -> Result<RoutedCall.Answer, UpstreamFailure> {
        var result = await answer()
        if drainEnd != nil, case .failure(let failure) = result {
            // Nobody waited for it but us: the provider is not to blame.
            result = .failure(
                UpstreamFailure(.cancelled, message: "the caller has left", status: failure.status))
        }
        switch result {
        case .success: decided(.answered(after: start.duration(to: loop.now())))
        case .failure(let said):
            let failure = candidate.redaction.clean(said)
            record(failure: failure, status: failure.status)
            failed(failure)
            return .failure(failure)
        }
        return result
    }

    /// Says that it came to nothing, once more where its answer broke off unseen.
    func failed(_ failure: UpstreamFailure) {
        decided(.failed(failure.kind, after: start.duration(to: loop.now())))
    }

    private func decided(_ decision: @autoclosure () -> RouteEvent.Decision) {
        call.decided(decision(), on: candidate, in: order, attempt: number)
    }

    private func answer() async -> Result<RoutedCall.Answer, UpstreamFailure> {
        if let tokens = candidate.tokens { return await converse(with: tokens) }
        let reply = send(headers)
        return call.isStreaming ? await openStream(reply) : await settle(reply, sentAt: start)
    }

    /// Nobody waits for it any more: the provider's connection is closed.
    func cancel() {
        isCancelled = true
        reply?.cancel()
    }

    /// Nobody waits for the answer, but what it uses is somebody's bill: as long as the configuration allows,
    /// the provider is let finish, and says what it counted.
    func callerLeft() {
        guard let reply, isSent, !isRecorded, call.books?.beginDrain(call.rules.drain) == true
        else {
            return cancel()
        }
        let end = loop.now().advanced(by: call.rules.drain.time)
        drainEnd = end
        reply.limit(until: end, phase: .total)
    }

    // MARK: Out

    func send(_ headers: [RequestHeader]) -> IncomingReply {
        let reply = call.worker.send(
            asked, body: body, headers: headers, to: candidate.provider,
            from: (call.requestID, router.time), over: transport, deadline: call.deadline,
            cancelledBy: call.canceller)
        self.reply = reply
        isSent = true
        return reply
    }

    var headers: [RequestHeader] {
        guard let native = call.call.native, !native.headers.isEmpty,
            candidate.provider.adapter.speaks(native.dialect)
        else { return tracingHeaders }
        return tracingHeaders + native.headers.map { RequestHeader($0.name, $0.value) }
    }

    private var tracingHeaders: [RequestHeader] {
        guard call.trace.isPropagated, let span else { return [] }
        return call.trace.context.headers(at: span.id)
    }

    // MARK: In

    /// Takes a whole answer and counts it.
    func settle(_ reply: IncomingReply, sentAt: Instant) async -> Result<RoutedCall.Answer, UpstreamFailure> {
        let result = await takeWhole(reply)
        let end = call.addWait(since: sentAt)
        switch result {
        case .success(let (body, type)):
            record(until: end, failure: nil, status: reply.status)
            return .success(.whole(status: reply.status, contentType: type, body: body))
        case .failure(let failure): return .failure(failure)
        }
    }

    /// Reads up to the first delta: until there, a failure can be made good elsewhere.
    func openStream(_ reply: IncomingReply) async -> Result<RoutedCall.Answer, UpstreamFailure> {
        let stream = RoutedStream(reply, of: self)
        guard let failure = await stream.open() else { return .success(.stream(stream)) }
        return .failure(failure)
    }

    private func takeWhole(
        _ reply: IncomingReply
    ) async -> Result<(body: [UInt8], contentType: String), UpstreamFailure> {
        let body: [UInt8]
        do throws(TransportError) {
            body = try await reply.whole()
        } catch {
            return .failure(UpstreamFailure(error, status: reply.status))
        }
        let whole = WholeReply(
            status: reply.status, headers: reply.headers, body: body,
            receivedAt: router.time.wallTime(), requestID: call.requestID)
        switch candidate.provider.adapter.judge(whole, to: asked) {
        case .success(let judged):
            summary = judged.summary
            if summary.usage == nil { volume.add(answer: body.count) }
            answered(judged, as: body)
            if let native = call.call.native, !judged.isNative {
                return translate(judged.body ?? body, to: native.dialect).map { ($0, "application/json") }
            }
            if let translated = judged.body { return .success((translated, "application/json")) }
            return .success((body, reply.headers["content-type"] ?? "application/json"))
        case .failure(let failure): return .failure(failure)
        }
    }

    /// An answer that the caller's dialect cannot say is as good as none: another candidate may do better.
    private func translate(
        _ completion: [UInt8], to dialect: any CallerDialect
    ) -> Result<[UInt8], UpstreamFailure> {
        Result { () throws(UpstreamFailure) in
            try dialect.answer(completion, requestID: call.requestID)
        }
    }

    // MARK: The books

    func firstChunk(at now: Instant) {
        span?.firstChunk = now
    }

    func firstToken(at now: Instant) {
        firstTokenAt = now
        candidate.metrics.firstToken(after: now.seconds(since: start))
    }

    private func answered(_ judged: JudgedReply, as body: [UInt8]) {
        guard content != nil else { return }
        if judged.isNative, let dialect = call.dialect {
            content?.said(dialect.text(of: body, in: 0..<body.count))
        } else {
            content?.answered(judged.body ?? body)
        }
    }

    func streamed(_ event: [UInt8], in range: Range<Int>, isNative: Bool) {
        guard content != nil else { return }
        if isNative, let dialect = call.dialect {
            content?.said(dialect.text(of: event, in: range))
        } else {
            content?.streamed(event, in: range)
        }
    }

    /// What a stream's decoder has learnt.
    func summarize(_ summary: ReplySummary) {
        self.summary = summary
    }

    func record(failure: UpstreamFailure?, status: Int?) {
        record(until: loop.now(), failure: failure, status: status)
    }

    private func record(until end: Instant, failure: UpstreamFailure?, status: Int?) {
        guard !isRecorded else { return }
        isRecorded = true
        candidate.provider.metrics.inflight.decrement()
        remember(failure, at: end)
        reply = nil
        let seconds = end.seconds(since: start)
        candidate.metrics.ended(
            after: seconds, failure: failure?.kind,
            exemplar: span.flatMap { call.trace.exemplar(of: $0.id, at: end) })
        let genAI = candidate.genAI[call.call.operation]
        genAI.ended(after: seconds, summary, failure: failure?.kind)
        let usage = bill(failure, until: end)
        if failure == nil, let usage = summary.usage { genAI.used(usage, by: summary.model) }
        call.ended(
            AttemptRecord(
                number: number, candidate: candidate, failure: failure, status: status,
                duration: start.duration(to: end), usage: usage))
        guard call.trace.isRecorded, let span, let sink = call.generation.tracing.sink else { return }
        sink.take(
            span.record(of: call, candidate, summary, failure: failure, status: status, until: end))
    }

    /// Tells the provider's desk, where the next request asks.
    private func remember(_ failure: UpstreamFailure?, at end: Instant) {
        var ending = AttemptEnding(
            failure: failure?.kind, retryAfter: failure?.retryAfter,
            limitIsPerModel: candidate.provider.limitIsPerModel,
            tokensUsed: summary.usage.map { $0.promptTokens + $0.completionTokens },
            latency: start.duration(to: firstTokenAt ?? end))
        if let reply, reply.status != 0 {
            let now = router.time.wallTime()
            let limits = candidate.provider.adapter.limits(in: reply.headers, at: now)
            ending.requestLimit = limits.requests.map { LimitNotice($0, at: now) }
            ending.tokenLimit = limits.tokens.map { LimitNotice($0, at: now) }
        }
        candidate.traffic?.ended(failure?.kind, at: end)
        let changes = candidate.seat.desk.settle(ticket, ending, at: end)
        if !changes.isEmpty { router.standingEvents.changed(changes, at: candidate.provider, by: call) }
        router.released(candidate.provider)
    }
}
