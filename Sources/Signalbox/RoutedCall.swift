public import SignalboxCore
import SignalboxHTTP
import SignalboxRouting
public import SignalboxTelemetry

/// One client's request on its way through its candidates.
///
/// Ask for the ``answer()`` once, deliver it, then say how it went with
/// ``end(_:status:failure:clientWait:)``. ``cancel()`` gives it up in between. Confined to its loop's thread.
public final class RoutedCall: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    struct Caller {
        let tenant: Int
        let tenantLabel: String
        let requestID: String
        let receivedAt: Instant
        let trace: RequestTrace
        let canceller: IncomingReply.Canceller
    }

    public enum Answer: Sendable {
        case whole(status: Int, contentType: String, body: [UInt8])
        case stream(RoutedStream)
        indirect case failure(CallFailure)
    }

    let call: ChatCall
    let worker: Worker
    let router: Router
    /// What it began with, and ends on.
    let generation: Generation
    private let route: ResolvedRoute
    let caller: Caller
    let deadline: Deadline
    private(set) var attempts: [AttemptRecord] = []
    /// Nil unless the configuration wants it logged.
    private(set) var content: LoggedContent?
    private var current: ResolvedCandidate?
    /// The span of the attempt that runs, where one is made or the provider is told of it.
    private var span: AttemptSpan?
    /// What is being waited for.
    var reply: IncomingReply?
    var isCancelled = false
    private var summary = ReplySummary()
    private var waited: Duration = .zero
    private var hasEnded = false

    init(
        _ call: ChatCall, route: ResolvedRoute, of generation: Generation, router: Router, worker: Worker,
        caller: Caller
    ) {
        self.call = call
        self.route = route
        self.generation = generation
        self.router = router
        self.worker = worker
        self.caller = caller
        content = generation.logsContent ? LoggedContent(of: call) : nil
        deadline = Deadline(at: caller.receivedAt.advanced(by: route.requestTimeout))
    }

    public var requestID: String { caller.requestID }
    public var trace: RequestTrace { caller.trace }
    public var tenant: String { caller.tenantLabel }
    public var routeLabel: String { route.name }
    public var isStreaming: Bool { call.isStreaming }
    /// How the caller speaks; nil is OpenAI's dialect.
    public var dialect: (any CallerDialect)? { call.native?.dialect }
    public var priority: RequestPriority? { call.priority }

    /// Who answered, or was asked last; empty before anybody was.
    public var provider: String { current?.provider.name ?? "" }
    public var model: String { current?.model ?? "" }
    /// Attempts begun, the one whose stream is still running included.
    public private(set) var attemptCount = 0

    public var history: [AttemptSummary] {
        attempts.map {
            AttemptSummary(
                provider: $0.candidate.provider.name, model: $0.candidate.model,
                errorType: $0.failure?.kind.label,
                status: $0.status)
        }
    }

    // MARK: The walk

    /// Tries candidates until one answers, or none is left. Cancelling the task gives up at once, unless the
    /// call was begun with its owner as the canceller.
    public func answer() async -> Answer {
        var plan = AttemptPlan(route.plan, deadline: deadline, limits: route.limits)
        var failure: UpstreamFailure?
        while !isCancelled {
            let previous = plan.current
            let now = worker.loop.now()
            switch plan.next(after: failure, at: now, random: &worker.loop.random) {
            case .attempt(let candidate, let reason, let pause):
                if pause > .zero {
                    guard await rest(pause) else { return .failure(cancelled()) }
                }
                if let previous, let failure {
                    tellMove(from: previous, to: candidate, reason, because: failure)
                }
                switch await attempt(route[candidate], at: pause > .zero ? worker.loop.now() : now) {
                case .success(let answer): return answer
                case .failure(let latest): failure = latest
                }
            case .returnToCaller(let failure), .stop(let failure):
                return .failure(CallFailure(failure, attempts: history))
            case .giveUp(let exhaustion):
                router.events.exhausted(route, reason: exhaustion.reason.rawValue)
                return .failure(CallFailure(exhaustion, attempts: history))
            }
        }
        return .failure(cancelled())
    }

    /// Nobody waits for the answer any more: the provider's connection is closed.
    public func cancel() {
        isCancelled = true
        reply?.cancel()
    }

    private func rest(_ pause: Duration) async -> Bool {
        let start = worker.loop.now()
        defer { addWait(since: start) }
        do throws(CancellationError) {
            try await worker.loop.sleep(for: pause)
            return true
        } catch {
            return false
        }
    }

    private func cancelled() -> CallFailure {
        CallFailure(UpstreamFailure(.cancelled, message: "the caller has left"), attempts: history)
    }

    private func tellMove(
        from previous: Candidate, to next: Candidate, _ reason: AttemptReason,
        because failure: UpstreamFailure
    ) {
        let old = route[previous].provider
        switch reason {
        case .first, .retry: break
        case .nextKey: router.events.rotated(within: old, .key, because: failure.kind)
        case .nextModel: router.events.rotated(within: old, .model, because: failure.kind)
        case .nextProvider:
            router.events.fellBack(
                self, in: route, from: old.name, to: route[next].provider.name, because: failure.kind)
        }
    }

    // MARK: One attempt

    private func attempt(
        _ candidate: ResolvedCandidate, at start: Instant
    ) async -> Result<Answer, UpstreamFailure> {
        let body: [UInt8]
        let transport: ResolvedCandidate.Transport
        do throws(UpstreamFailure) {
            transport = try self.transport(to: candidate)
            try checkDialect(of: candidate)
            body = try candidate.provider.adapter.encode(call, model: candidate.model)
        } catch {
            // Nothing was sent: no attempt is counted, and nothing is held against a provider never asked.
            return .failure(error)
        }
        current = candidate
        attemptCount += 1
        beginSpan(at: start)
        candidate.provider.metrics.inflight.increment()
        if let tokens = candidate.tokens {
            let result = await converse(body, over: transport, with: candidate, tokens, since: start)
            return close(result, with: candidate, since: start)
        }
        let reply = send(body, headers: headers(for: candidate), over: transport, to: candidate)
        if call.isStreaming {
            return close(
                await openStream(reply, from: candidate, since: start), with: candidate, since: start)
        }
        let whole = await takeWhole(reply, from: candidate)
        return close(
            settle(whole, of: reply, from: candidate, since: start, sentAt: start), with: candidate,
            since: start)
    }

    func send(
        _ body: [UInt8], headers: [RequestHeader], over transport: ResolvedCandidate.Transport,
        to candidate: ResolvedCandidate
    ) -> IncomingReply {
        let reply = worker.send(
            call, body: body, headers: headers, to: candidate.provider, from: (requestID, router.time),
            over: transport, deadline: deadline, cancelledBy: caller.canceller)
        self.reply = reply
        return reply
    }

    /// Counts a whole answer.
    func settle(
        _ result: Result<(body: [UInt8], contentType: String), UpstreamFailure>, of reply: IncomingReply,
        from candidate: ResolvedCandidate, since start: Instant, sentAt: Instant
    ) -> Result<Answer, UpstreamFailure> {
        let end = worker.loop.now()
        waited += sentAt.duration(to: end)
        switch result {
        case .success(let (body, type)):
            candidate.provider.metrics.inflight.decrement()
            record(candidate, from: start, to: end, failure: nil, status: reply.status)
            return .success(.whole(status: reply.status, contentType: type, body: body))
        case .failure(let failure): return .failure(failure)
        }
    }

    /// Counts an attempt that failed.
    private func close(
        _ result: Result<Answer, UpstreamFailure>, with candidate: ResolvedCandidate, since start: Instant
    ) -> Result<Answer, UpstreamFailure> {
        if case .failure(let failure) = result {
            candidate.provider.metrics.inflight.decrement()
            record(candidate, since: start, failure: failure, status: failure.status)
        }
        return result
    }

    private func transport(
        to candidate: ResolvedCandidate
    ) throws(UpstreamFailure) -> ResolvedCandidate.Transport {
        guard let transport = candidate.transport(for: call.operation) else {
            throw UpstreamFailure(
                .modelNotFound, message: "\(candidate.provider.name) has no such operation", status: 404,
                code: "unsupported_operation")
        }
        return transport
    }

    /// What was lost in translation matters only to who needs the translation.
    private func checkDialect(of candidate: ResolvedCandidate) throws(UpstreamFailure) {
        guard let native = call.native, let refusal = native.untranslated else { return }
        if candidate.provider.dropsUnsupported || candidate.provider.adapter.speaks(native.dialect) { return }
        throw refusal
    }

    func headers(for candidate: ResolvedCandidate) -> [RequestHeader] {
        guard let native = call.native, !native.headers.isEmpty,
            candidate.provider.adapter.speaks(native.dialect)
        else { return tracingHeaders }
        return tracingHeaders + native.headers.map { RequestHeader($0.name, $0.value) }
    }

    func takeWhole(
        _ reply: IncomingReply, from candidate: ResolvedCandidate
    ) async -> Result<(body: [UInt8], contentType: String), UpstreamFailure> {
        let body: [UInt8]
        do throws(TransportError) {
            body = try await reply.whole()
        } catch {
            return .failure(UpstreamFailure(error, status: reply.status))
        }
        let whole = WholeReply(
            status: reply.status, headers: reply.headers, body: body,
            receivedAt: router.time.wallTime(), requestID: requestID)
        switch candidate.provider.adapter.judge(whole, to: call) {
        case .success(let judged):
            summary = judged.summary
            if judged.isNative, let dialect {
                content?.said(dialect.text(of: body, in: 0..<body.count))
            } else {
                content?.answered(judged.body ?? body)
            }
            if let native = call.native, !judged.isNative {
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
            try dialect.answer(completion, requestID: requestID)
        }
    }

    /// Reads up to the first delta: until there, a failure can be made good elsewhere.
    func openStream(
        _ reply: IncomingReply, from candidate: ResolvedCandidate, since start: Instant
    ) async -> Result<Answer, UpstreamFailure> {
        let stream = RoutedStream(reply, from: candidate, for: self, since: start)
        guard let failure = await stream.open() else { return .success(.stream(stream)) }
        return .failure(failure)
    }

    private func beginSpan(at start: Instant) {
        guard caller.trace.isRecorded || caller.trace.isPropagated else { return }
        span = AttemptSpan(
            id: SpanID.random(using: &worker.loop.random), number: attemptCount, start: start)
    }

    private var tracingHeaders: [RequestHeader] {
        guard caller.trace.isPropagated, let span else { return [] }
        return trace.context.headers(at: span.id)
    }

    // MARK: The books

    /// Answers with the moment until which it counted.
    @discardableResult
    func addWait(since start: Instant) -> Instant {
        let now = worker.loop.now()
        waited += start.duration(to: now)
        return now
    }

    func firstChunk(at now: Instant) {
        span?.firstChunk = now
    }

    func streamed(_ event: [UInt8], in range: Range<Int>, isNative: Bool) {
        guard content != nil else { return }
        if isNative, let dialect {
            content?.said(dialect.text(of: event, in: range))
        } else {
            content?.streamed(event, in: range)
        }
    }

    func record(_ candidate: ResolvedCandidate, since start: Instant, failure: UpstreamFailure?, status: Int?)
    {
        record(candidate, from: start, to: worker.loop.now(), failure: failure, status: status)
    }

    private func record(
        _ candidate: ResolvedCandidate, from start: Instant, to end: Instant, failure: UpstreamFailure?,
        status: Int?
    ) {
        reply = nil
        let duration = start.duration(to: end)
        let seconds = end.seconds(since: start)
        candidate.metrics.ended(
            after: seconds, failure: failure?.kind,
            exemplar: span.flatMap { caller.trace.exemplar(of: $0.id, at: end) })
        let genAI = candidate.genAI[call.operation]
        genAI.ended(after: seconds, summary, failure: failure?.kind)
        attempts.append(
            AttemptRecord(candidate: candidate, failure: failure, status: status, duration: duration))
        if failure == nil, let usage = summary.usage {
            candidate.metrics.used(usage)
            genAI.used(usage, by: summary.model)
            generation.table.metrics(ofTenant: caller.tenant).used(usage)
        }
        guard caller.trace.isRecorded, let span, let sink = generation.tracing.sink else { return }
        sink.take(
            span.record(
                of: self, candidate, summary, failure: failure, status: status,
                until: start.advanced(by: duration)))
    }

    func summarize(_ summary: ReplySummary) {
        self.summary = summary
    }

    /// Closes the books: metrics, and the line that tells the story. Once.
    /// - Parameters:
    ///   - failure: what the caller was told, if it did not get an answer, or what it missed.
    ///   - clientWait: time spent waiting for the caller to take its answer.
    public func end(
        _ outcome: ClientOutcome, status: Int, failure: UpstreamFailure? = nil, clientWait: Duration = .zero
    ) {
        guard !hasEnded else { return }
        hasEnded = true
        let now = worker.loop.now()
        let duration = caller.receivedAt.duration(to: now)
        let ending = CallEnding(
            outcome: outcome, status: status, duration: duration,
            overhead: max(.zero, duration - waited - clientWait), summary: summary, failure: failure)
        route.metrics.ended(
            tenant: caller.tenant, ending,
            exemplar: caller.trace.exemplar(of: caller.trace.context.spanID, at: now))
        router.events.ended(self, ending)
        guard caller.trace.isRecorded else { return }
        let span = RequestSpan(
            trace: trace, requestID: requestID, route: route.name, tenant: tenant, ending: ending)
        generation.tracing.export(span, from: caller.receivedAt, to: now)
    }

    /// `success`, or `fallback` where another provider than the first one answered.
    public var answeredOutcome: ClientOutcome {
        guard let first = attempts.first else { return .success }
        return first.candidate.provider === current?.provider ? .success : .fallback
    }
}
