import SignalboxConfig
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

    struct Caller: Sendable {
        let tenant: Int
        let tenantLabel: String
        let tenantKey: String?
        let requestID: String
        let receivedAt: Instant
        let trace: RequestTrace
        let canceller: IncomingReply.Canceller
        let wishes: RoutingWishes
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
    let route: ResolvedRoute
    let caller: Caller
    let deadline: Deadline
    private(set) var attempts: [AttemptRecord] = []
    /// The prompt, without an answer yet; nil unless the configuration wants it logged.
    let prompt: LoggedContent?
    /// The one that runs, or ran last; the first of two at once.
    var current: Attempt?
    /// While a second one may be asked beside it.
    var hedge: Hedge?
    /// What is reserved of the tenant's limits.
    var allowanceTicket: Allowance.Ticket?
    /// What is reserved of the tenant's budgets.
    var budgetPart: BudgetPart?
    /// Estimated when somebody wants to know it.
    private(set) lazy var size = RequestSize(of: call)
    /// In line, while it waits there.
    var place: WaitingPlace?
    /// How long it stood in line.
    var queued: Duration = .zero
    /// Of the answer; nil where no price is known.
    private(set) var cost: Money?
    /// Where the last of its records is written down.
    var usageTicket: (any UsageTicket)?
    /// Why one of its records is not.
    var usageFailure: UsageJournalFailure?
    private(set) var isCancelled = false
    /// When the caller left.
    private var leftAt: Instant?
    private var waited: Duration = .zero
    /// Since when two attempts are under way: from then on somebody is waited for all the time.
    private var raceStart: Instant?
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
        prompt = generation.logsContent ? LoggedContent(of: call) : nil
        deadline = Deadline(at: caller.receivedAt.advanced(by: route.requestTimeout))
    }

    public var requestID: String { caller.requestID }
    public var trace: RequestTrace { caller.trace }
    public var tenant: String { caller.tenantLabel }
    /// The alias of the tenant's key that it came with, such as `tenant-123-0`; nil without tenants, and
    /// where nobody said.
    public var tenantKey: String? { caller.tenantKey }
    var wishes: RoutingWishes { caller.wishes }
    var canceller: IncomingReply.Canceller { caller.canceller }
    public var routeLabel: String { route.name }
    public var isStreaming: Bool { call.isStreaming }
    /// How the caller speaks; nil is OpenAI's dialect.
    public var dialect: (any CallerDialect)? { call.native?.dialect }
    public var priority: RequestPriority? { wishes.priority ?? call.priority }

    /// Who answered, or was asked last; empty before anybody was.
    public var provider: String { current?.candidate.provider.name ?? "" }
    public var model: String { current?.candidate.model ?? "" }
    /// Attempts begun, the one whose stream is still running included.
    public internal(set) var attemptCount = 0

    public var history: [AttemptSummary] {
        attempts.map {
            AttemptSummary(
                provider: $0.candidate.provider.name, model: $0.candidate.model,
                errorType: $0.failure?.kind.label,
                status: $0.status)
        }
    }

    /// Nil unless the configuration wants it logged.
    var content: LoggedContent? { current?.content ?? prompt }

    var allowance: (any AllowanceDesk)? {
        generation.table.allowance(ofTenant: caller.tenant)
    }

    /// Who forgets to say how it went must not take up the tenant's limits for ever.
    deinit {
        if allowanceTicket != nil { settleAllowance(used: nil, at: router.time.now()) }
        settleBudget()
    }

    // MARK: The walk

    /// What the caller asks of routing cannot be had.
    private var refusal: CallFailure? {
        guard let name = wishes.provider, !lane.providers.contains(where: { $0.name == name }) else {
            return nil
        }
        let names = Set(lane.providers.map(\.name)).sorted().joined(separator: ", ")
        let failure = UpstreamFailure.refused(
            "force_provider", "\(name.prefix(64)) is no provider of this route; it has \(names).")
        return CallFailure(failure, attempts: [])
    }

    /// Tries candidates until one answers, or none is left. Cancelling the task gives up at once, unless the
    /// call was begun with its owner as the canceller.
    public func answer() async -> Answer {
        var now = worker.loop.now()
        if let failure = unrecorded ?? refusal ?? reserveAllowance(at: now) ?? reserveBudget() {
            return .failure(failure)
        }
        var walk = Walk(self, at: now)
        var step = walk.begin(at: now)
        while !isCancelled {
            switch step {
            case .attempt(let candidate, let reason, let pause):
                guard let ticket = await walk.take(candidate, after: pause) else {
                    if !isCancelled { step = walk.refused(at: worker.loop.now()) }
                    continue
                }
                if pause > .zero { now = worker.loop.now() }
                switch await attempt(walk.turn(of: candidate, ticket, because: reason), at: now, on: &walk) {
                case .success(let answer):
                    guard route.mendsStreams, case .stream(let stream) = answer,
                        let failure = await secure(stream, walk)
                    else { return await release(answer) }
                    now = worker.loop.now()
                    step = walk.next(after: failure, at: now)
                case .failure(let failure):
                    now = worker.loop.now()
                    step = walk.next(after: failure, at: now)
                }
            case .wait(let shortage):
                decided(.waits(for: walk.lane.names(of: shortage.providers)))
                guard let next = await walk.wait(for: shortage) else { return .failure(cancelled()) }
                now = worker.loop.now()
                step = next
            case .returnToCaller(let failure), .stop(let failure):
                return .failure(CallFailure(failure, attempts: history))
            case .giveUp(let exhaustion):
                router.events.exhausted(route, reason: exhaustion.reason.rawValue)
                decided(.exhausted(exhaustion.reason))
                return .failure(CallFailure(exhaustion, attempts: history))
            }
        }
        return .failure(cancelled())
    }

    /// A whole answer leaves when what it used is written down; a stream sees to that before its end.
    private func release(_ answer: Answer) async -> Answer {
        guard case .whole = answer, await committed() != nil, let usageFailure else { return answer }
        return .failure(CallFailure(unrecorded: usageFailure, attempts: history))
    }

    /// Does what the route wants done against interruptions; answers with one that the caller has seen
    /// nothing of.
    private func secure(_ stream: RoutedStream, _ walk: Walk) async -> UpstreamFailure? {
        switch route.onInterrupt {
        case .error: return nil
        case .hold: return await stream.holdBack(within: route.hold)
        case .continue:
            stream.continuation = Continuation(of: self, on: walk)
            return nil
        }
    }

    /// Nobody waits for the answer any more: the provider is listened to for its count of tokens as long as
    /// the configuration allows, then its connection is closed.
    public func cancel() {
        guard !isCancelled else { return }
        isCancelled = true
        leftAt = worker.loop.now()
        if hedge == nil { current?.callerLeft() } else { current?.cancel() }
        hedge?.cancel()
        place?.cancel()
    }

    func rest(_ pause: Duration) async -> Bool {
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

    func tellMove(
        from previous: ResolvedCandidate, to next: ResolvedCandidate, _ reason: AttemptReason,
        because failure: UpstreamFailure
    ) {
        let old = previous.provider
        switch reason {
        case .first, .retry, .hedge: break
        case .nextKey: router.events.rotated(within: old, .key, because: failure.kind)
        case .nextModel: router.events.rotated(within: old, .model, because: failure.kind)
        case .nextProvider:
            router.events.fellBack(
                self, in: route, from: old.name, to: next.provider.name, because: failure.kind)
        }
    }

    // MARK: The books

    /// Answers with the moment until which it counted.
    @discardableResult
    func addWait(since start: Instant) -> Instant {
        let now = worker.loop.now()
        let end = raceStart ?? now
        if start < end { waited += start.duration(to: end) }
        return now
    }

    /// Two attempts are under way from now on.
    func beginRace(at now: Instant) {
        raceStart = now
    }

    func endRace() {
        guard let start = raceStart else { return }
        raceStart = nil
        addWait(since: start)
    }

    func ended(_ attempt: AttemptRecord) {
        // Of two at once the second one may end first.
        let place = attempts.lastIndex { $0.number < attempt.number }.map { $0 + 1 } ?? 0
        attempts.insert(attempt, at: place)
    }

    func used(_ usage: TokenUsage) {
        generation.table.metrics(ofTenant: caller.tenant).used(usage)
    }

    /// By the price that was valid when the request came.
    func price(_ usage: TokenUsage, by pricing: ModelPricing, at now: Instant) -> Money? {
        let age = now.nanoseconds &- caller.receivedAt.nanoseconds
        let received = WallTime(
            nanosecondsSince1970: router.time.wallTime().nanosecondsSince1970 &- age)
        guard let price = pricing.count(usage, at: received) else { return nil }
        generation.table.metrics(ofTenant: caller.tenant).costs.count(price)
        cost = price
        return price
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
        let now = outcome == .cancelled ? leftAt ?? worker.loop.now() : worker.loop.now()
        settleAllowance(used: current?.summary.usage, at: now)
        settleBudget()
        let duration = caller.receivedAt.duration(to: now)
        let ending = CallEnding(
            outcome: outcome, status: status, duration: duration,
            overhead: max(.zero, duration - waited - clientWait), summary: current?.summary ?? ReplySummary(),
            failure: failure)
        route.metrics.ended(
            tenant: caller.tenant, ending,
            exemplar: caller.trace.exemplar(of: caller.trace.context.spanID, at: now))
        router.events.ended(self, ending, route.metrics.names[caller.tenant])
        guard caller.trace.isRecorded else { return }
        let span = RequestSpan(
            trace: trace, requestID: requestID, route: route.name, tenant: tenant, ending: ending)
        generation.tracing.export(span, from: caller.receivedAt, to: now)
    }

    /// `success`, or `fallback` where another provider than the first one answered.
    public var answeredOutcome: ClientOutcome {
        guard let first = attempts.first else { return .success }
        return first.candidate.provider === current?.candidate.provider ? .success : .fallback
    }
}
