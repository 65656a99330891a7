import SignalboxConfig
public import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxTelemetry

/// A streamed answer whose first delta has come: events in the caller's dialect, ready to be passed on.
///
/// Confined to its loop's thread.
public final class RoutedStream: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    let reply: IncomingReply
    private let attempt: Attempt
    private var decoder: any StreamDecoder
    private var events: StreamEvents
    /// Nil where the caller speaks OpenAI's dialect: chunks then go out as they are.
    private var renderer: (any StreamRenderer)?
    /// The provider's events are in the caller's own dialect.
    private let isNative: Bool
    /// Whole events that wait to be taken.
    private(set) var output: [UInt8] = []
    private var hasDelta = false
    private(set) var hasEnded = false
    private var malformedChunks = 0
    private var pace: StreamPace
    private(set) var firstTokenAt: Instant?
    /// What went wrong behind the events that still wait to be taken.
    private(set) var pendingFailure: UpstreamFailure?

    /// Where the answer began at another provider.
    private var seam: Seam?
    /// What has gone out; nil where nobody will go on with it.
    private var sent: SentText?
    /// Who has another provider go on, if this one breaks off.
    var continuation: Continuation?
    /// The rest of the answer, once another provider goes on with it.
    private var rest: RoutedStream?

    /// More chunks than this that are not the provider's format, and the stream counts as broken.
    static let malformedChunksMax = 3
    /// How long the rest of a stream may take after its terminator; the connection is kept if it ends in
    /// time.
    static let lingerMax: Duration = .seconds(1)

    private static let dataPrefix = Array("data: ".utf8)
    private static let eventEnd = Array("\n\n".utf8)
    private static let terminator = Array("data: [DONE]\n\n".utf8)

    init(_ reply: IncomingReply, of attempt: Attempt) {
        self.reply = reply
        self.attempt = attempt
        let call = attempt.call
        let adapter = attempt.candidate.provider.adapter
        decoder = adapter.streamDecoder(
            for: attempt.asked,
            StreamOpening(receivedAt: call.router.time.wallTime(), requestID: call.requestID))
        events = StreamEvents(adapter.framing)
        isNative = decoder.isNative
        renderer = call.call.native?.dialect.streamRenderer(
            requestID: call.requestID, isNative: isNative)
        pace = StreamPace(start: attempt.start)
        guard call.route.mendsStreams else { return }
        seam = attempt.begun?.seam
        sent = attempt.begun?.sent
        if sent == nil, call.route.onInterrupt == .continue, renderer == nil { sent = SentText() }
    }

    var call: RoutedCall { attempt.call }
    private var candidate: ResolvedCandidate { attempt.candidate }

    /// Reads up to the first delta. What it answers with has gone wrong before that.
    ///
    /// A break right behind the first delta counts as one after it, even where both came in one packet: how
    /// the network cuts its packets must not decide whether a request is sent again.
    func open() async -> UpstreamFailure? {
        // A provider may send its head at once, and keep-alive comments after it: that is no first token.
        reply.limit(
            until: attempt.start.advanced(by: candidate.provider.timeouts.firstByte), phase: .firstByte)
        defer { reply.liftLimit() }
        do throws(UpstreamFailure) {
            try await readHead()
            while !hasDelta && !hasEnded { try await readMore() }
        } catch {
            guard hasDelta else {
                reply.cancel()
                attempt.summarize(decoder.summary)
                return error
            }
            pendingFailure = close(error)
        }
        return nil
    }

    private func readHead() async throws(UpstreamFailure) {
        let asked = call.worker.loop.now()
        defer { call.addWait(since: asked) }
        let body: [UInt8]
        do throws(TransportError) {
            try await reply.head()
            if reply.status == 200, events.isCarried(by: reply.headers["content-type"]) { return }
            body = try await reply.whole()
        } catch {
            throw UpstreamFailure(error, status: reply.status)
        }
        let whole = WholeReply(
            status: reply.status, headers: reply.headers, body: body,
            receivedAt: call.router.time.wallTime(), requestID: call.requestID)
        switch candidate.provider.adapter.judge(whole, to: attempt.asked) {
        case .failure(let failure): throw failure
        case .success:
            throw UpstreamFailure(
                .malformedReply, message: "a stream was asked for, and a whole answer came",
                status: reply.status)
        }
    }

    /// The next whole events, nil once the answer is whole.
    /// - Throws: ``UpstreamFailure`` of kind `interrupted` (or `cancelled`): the caller has only a part.
    public func next() async throws(UpstreamFailure) -> [UInt8]? {
        while output.isEmpty {
            if let rest { return try await rest.next() }
            if let pendingFailure {
                rest = await goOn(after: pendingFailure)
                if rest == nil { throw pendingFailure }
                continue
            }
            if hasEnded { return nil }
            await readOn()
        }
        // Who has all of it takes it for the answer: what it used must be written down by then.
        if hasEnded, pendingFailure == nil, let failure = await call.committed() {
            output = []
            pendingFailure = failure
            throw failure
        }
        defer { output = [] }
        return output
    }

    private func goOn(after failure: UpstreamFailure) async -> RoutedStream? {
        guard let continuation else { return nil }
        self.continuation = nil
        return await continuation.goOn(with: sent, after: failure, of: attempt)
    }

    /// Reads once; what goes wrong ends the stream behind what has come.
    func readOn() async {
        do throws(UpstreamFailure) {
            try await readMore()
        } catch {
            pendingFailure = close(error)
        }
    }

    /// Nobody takes it: the provider's connection is closed.
    public func abandon() {
        rest?.abandon()
        guard !hasEnded else { return }
        _ = close(UpstreamFailure(.cancelled, message: "the caller has left"))
    }

    /// The caller has left: reads on for what the provider counts, as long and as far as the configuration
    /// allows. Then the provider's connection is closed.
    public func drain() async {
        if let rest { return await rest.drain() }
        call.cancel()
        var left = call.rules.drain.bytesMax
        while attempt.drainEnd != nil, !hasEnded, left > 0 {
            output = []
            await readOn()
            left -= output.count
        }
        output = []
        abandon()
    }

    private func close(_ failure: UpstreamFailure) -> UpstreamFailure {
        hasEnded = true
        reply.cancel()
        var failure = candidate.redaction.clean(failure)
        if failure.kind != .cancelled { failure.kind = call.isCancelled ? .cancelled : .interrupted }
        attempt.summarize(decoder.summary)
        attempt.record(failure: failure, status: reply.status)
        if call.route.mendsStreams { attempt.failed(failure) }
        return failure
    }

    // MARK: Events

    private func readMore() async throws(UpstreamFailure) {
        let asked = call.worker.loop.now()
        let piece: [UInt8]?
        do throws(TransportError) {
            piece = try await reply.next()
        } catch {
            call.addWait(since: asked)
            // Once the reason to stop was named, all that is missing is the end of the connection.
            if error != .cancelled, decoder.isCompleteWithoutTerminator { return complete() }
            throw UpstreamFailure(error, status: reply.status)
        }
        let arrived = call.addWait(since: asked)
        guard let piece else {
            if let last = events.end() { try take(last, at: arrived) }
            return hasEnded ? () : try endWithoutTerminator()
        }
        events.push(piece)
        try takeEvents(at: arrived)
    }

    private func takeEvents(at arrived: Instant) throws(UpstreamFailure) {
        while !hasEnded {
            let event: ServerSentEvent?
            do throws(StreamEvents.Broken) {
                event = try events.next()
            } catch {
                throw UpstreamFailure(.malformedReply, message: error.message, status: reply.status)
            }
            guard let event else { return }
            try take(event, at: arrived)
        }
    }

    private func take(_ event: ServerSentEvent, at arrived: Instant) throws(UpstreamFailure) {
        switch decoder.decode(event.bytes, in: event.data) {
        case .forward(let delta):
            note(delta, of: event.data.count, at: arrived)
            try send(event.bytes, in: event.data)
        case .replace(let payloads, let delta):
            note(delta, of: event.data.count, at: arrived)
            for payload in payloads { try send(payload, in: 0..<payload.count) }
        case .last(let payloads):
            // Some vendors' last event is their only one.
            if !payloads.isEmpty { note(true, of: event.data.count, at: arrived) }
            for payload in payloads { try send(payload, in: 0..<payload.count) }
            complete()
        case .done: complete()
        case .malformed:
            malformedChunks += 1
            candidate.provider.metrics.malformedChunks.increment()
            call.router.events.malformedChunk(call, from: candidate)
            guard malformedChunks <= RoutedStream.malformedChunksMax else {
                throw UpstreamFailure(
                    .malformedReply, message: "\(malformedChunks) chunks could not be read",
                    status: reply.status)
            }
        case .failure(let failure): throw failure
        }
    }

    private func note(_ delta: Bool, of size: Int, at arrived: Instant) {
        if delta {
            if !hasDelta {
                hasDelta = true
                firstTokenAt = arrived
                attempt.firstToken(at: arrived)
            }
            attempt.volume.add(event: size)
        }
        if !pace.hasBegun { begin(at: arrived) }
        pace.chunk(at: arrived)
    }

    private func send(_ payload: [UInt8], in range: Range<Int>) throws(UpstreamFailure) {
        if seam != nil {
            guard let joined = try seam?.join(payload, in: range) else { return }
            return try pass(joined, in: 0..<joined.count)
        }
        try pass(payload, in: range)
    }

    private func pass(_ payload: [UInt8], in range: Range<Int>) throws(UpstreamFailure) {
        sent?.add(payload, in: range)
        attempt.streamed(payload, in: range, isNative: isNative)
        guard renderer == nil else {
            try renderer?.append(payload, in: range, to: &output)
            return
        }
        output.reserveCapacity(output.count + range.count + 8)
        output += RoutedStream.dataPrefix
        JSONLine.append(payload[range], to: &output)
        output += RoutedStream.eventEnd
    }

    /// The first chunk, of content or not. Its model is the stream's.
    private func begin(at arrived: Instant) {
        pace.begin(candidate.genAI.chat.stream(answeredBy: decoder.summary.model))
        attempt.firstChunk(at: arrived)
    }

    private func endWithoutTerminator() throws(UpstreamFailure) {
        guard decoder.isCompleteWithoutTerminator else {
            throw UpstreamFailure(
                .malformedReply, message: "the stream ended without its terminator", status: reply.status)
        }
        complete()
    }

    private func complete() {
        hasEnded = true
        if renderer == nil { output += RoutedStream.terminator } else { renderer?.end(to: &output) }
        reply.discardRest(within: RoutedStream.lingerMax)
        let summary = decoder.summary
        attempt.summarize(summary)
        if let usage = summary.usage, let firstTokenAt {
            candidate.metrics.streamed(usage, in: call.worker.loop.now().seconds(since: firstTokenAt))
        }
        attempt.record(failure: nil, status: reply.status)
    }
}
