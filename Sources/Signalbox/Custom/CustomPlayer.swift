import SignalboxCore
import SignalboxHTTP
import SignalboxProviders

/// Has an embedder's provider answer, and feeds the answer into an ``IncomingReply`` as a network transfer
/// would arrive.
///
/// The embedder's task runs on Swift's global executor; everything here on the loop's thread.
///
///     waiting ──enqueue(first)──▶ streaming ──ended──▶ over
///        └────────ended, expire, stop──────────────────▶ over
///
final class CustomPlayer: ReplyProducer, @unchecked Sendable {
    // @unchecked: touched by the loop's thread only, but for `offer`, which reads what never changes.

    private struct Piece {
        let bytes: [UInt8]
        /// Told whether it was taken; nil behind the embedder's last piece.
        let taken: CheckedContinuation<Bool, Never>?
    }

    private let loop: EventLoop
    private let timeouts: TransferTimeouts
    /// Weak: a reader that lets go of the reply ends the work.
    private weak var reply: IncomingReply?
    private var work: Task<Void, Never>?
    private var watch: Task<Void, Never>?
    private var chunks: ChatChunks
    /// One for each of the embedder's calls that has not returned.
    private var waiting: [Piece] = []
    private var isPaused = false
    private var isWritten = false
    private var isOver = false
    /// When the embedder has been silent for too long.
    private var silence: Instant

    private init(loop: EventLoop, timeouts: TransferTimeouts, reply: IncomingReply, chunks: ChatChunks) {
        self.loop = loop
        self.timeouts = timeouts
        self.reply = reply
        self.chunks = chunks
        silence = loop.now().advanced(by: timeouts.firstByte)
    }

    /// Starts the embedder's work. On the loop's thread.
    static func play(
        _ target: CustomTarget, _ call: ChatCall, body: [UInt8], requestID: String, at now: WallTime,
        on loop: EventLoop, timeouts: TransferTimeouts, replyBytesMax: Int, deadline: Deadline,
        cancelledBy canceller: IncomingReply.Canceller
    ) -> IncomingReply {
        let reply = IncomingReply(loop: loop, bodyBytesMax: replyBytesMax, cancelledBy: canceller)
        let chunks = ChatChunks(
            id: "chatcmpl-\(requestID)", model: target.model,
            created: Int(now.nanosecondsSince1970 / 1_000_000_000))
        let player = CustomPlayer(loop: loop, timeouts: timeouts, reply: reply, chunks: chunks)
        reply.attach(player)
        let end = min(deadline.instant, loop.now().advanced(by: timeouts.total))
        player.watch = loop.spawn { await player.watch(until: end) }
        player.work = Task(executorPreference: globalConcurrentExecutor) {
            let ending = await player.run(target, call, body: body, requestID: requestID, at: now)
            loop.execute { player.ended(ending) }
        }
        return reply
    }

    // MARK: On the embedder's side

    private enum Ending: Sendable {
        case whole(ChatAnswer)
        case streamed(CustomEnding)
        case failed(UpstreamFailure)
    }

    private func run(
        _ target: CustomTarget, _ call: ChatCall, body: [UInt8], requestID: String, at now: WallTime
    ) async -> Ending {
        do {
            let call = try target.call(call, body: body, requestID: requestID, at: now)
            guard call.isStreaming else { return .whole(try await target.provider.answer(call)) }
            let deltas = CustomDeltas { [self] delta, choice throws(CancellationError) in
                try await offer(delta, choice)
            }
            return .streamed(try await target.provider.stream(call, to: deltas))
        } catch {
            return .failed(target.provider.failure(for: error))
        }
    }

    private func offer(_ delta: CustomDelta, _ choice: Int) async throws(CancellationError) {
        let isTaken = await withCheckedContinuation { taken in
            loop.execute { self.enqueue(delta, choice, taken) }
        }
        guard isTaken else { throw CancellationError() }
    }

    // MARK: On the loop's side

    private func enqueue(_ delta: CustomDelta, _ choice: Int, _ taken: CheckedContinuation<Bool, Never>) {
        guard !isOver, !isWritten else { return taken.resume(returning: false) }
        beginStream()
        push(chunks.bytes(of: delta, choice: choice), taken)
        drain()
    }

    private func beginStream() {
        guard let reply, reply.status == 0 else { return }
        reply.receiveHead(status: 200, headers: HeaderBlock(["content-type": "text/event-stream"]))
    }

    private func push(_ payload: [UInt8], _ taken: CheckedContinuation<Bool, Never>? = nil) {
        waiting.append(Piece(bytes: Self.dataPrefix + payload + Self.eventEnd, taken: taken))
    }

    private func ended(_ ending: Ending) {
        guard !isOver else { return }
        isWritten = true
        switch ending {
        case .whole(let answer): send(answer)
        case .streamed(let ending): close(ending)
        case .failed(let failure): fail(failure)
        }
        drain()
    }

    private func send(_ answer: ChatAnswer) {
        var answer = answer
        if answer.id.isEmpty { answer.id = chunks.id }
        if answer.model.isEmpty { answer.model = chunks.model }
        reply?.receiveHead(status: 200, headers: HeaderBlock(["content-type": "application/json"]))
        waiting.append(Piece(bytes: answer.json, taken: nil))
    }

    private func close(_ ending: CustomEnding) {
        beginStream()
        for (choice, reason) in ending.finish.enumerated() { push(chunks.finish(reason, choice: choice)) }
        if let usage = ending.usage { push(chunks.usage(usage)) }
        push(Self.terminator)
    }

    private func fail(_ failure: UpstreamFailure) {
        let bytes = CustomFailure.write(failure)
        if reply?.status == 200 { return push(bytes) }
        reply?.receiveHead(status: 500, headers: HeaderBlock(["content-type": "application/json"]))
        waiting.append(Piece(bytes: bytes, taken: nil))
    }

    private func drain() {
        isPaused = false
        silence = loop.now().advanced(by: timeouts.idle)
        while let piece = waiting.first {
            guard let reply else { return stop() }
            switch piece.bytes.withUnsafeBytes({ reply.receive($0) }) {
            case .more:
                waiting.removeFirst()
                piece.taken?.resume(returning: true)
            case .pause:
                isPaused = true
                return
            case .stop: return stop()
            }
        }
        guard isWritten else { return }
        let reply = reply
        stop()
        reply?.finish(.success(()))
    }

    /// Ends the reply when a time limit runs out. A caller that reads slowly is no silence of the embedder's.
    private func watch(until end: Instant) async {
        while !isOver {
            // No longer than one idle limit: the first piece may bring the moment nearer.
            let limit = loop.now().advanced(by: timeouts.idle)
            do throws(CancellationError) {
                try await loop.sleep(until: min(isPaused ? limit : min(silence, limit), end))
            } catch {
                return
            }
            let now = loop.now()
            if isOver { return }
            if now >= end { return expire(.total) }
            if !isPaused, now >= silence { return expire(reply?.status == 200 ? .idle : .firstByte) }
        }
    }

    private func expire(_ phase: TimeoutPhase) {
        let reply = reply
        stop()
        reply?.finish(.failure(.timeout(phase)))
    }

    /// Nothing more is taken: the embedder's task is cancelled, its waiting calls throw.
    private func stop() {
        isOver = true
        work?.cancel()
        watch?.cancel()
        (work, watch) = (nil, nil)
        let refused = waiting
        waiting = []
        for piece in refused { piece.taken?.resume(returning: false) }
    }

    // MARK: ReplyProducer

    func resume() {
        if !isOver { drain() }
    }

    func cancel() {
        stop()
    }

    func readerLeft() {
        stop()
    }

    /// There is no connection to keep.
    func keep(_ reply: IncomingReply, for limit: Duration) {
        stop()
    }

    private static let dataPrefix = Array("data: ".utf8)
    private static let eventEnd = Array("\n\n".utf8)
    private static let terminator = Array("[DONE]".utf8)
}

extension ChatChunks {
    fileprivate mutating func bytes(of delta: CustomDelta, choice: Int) -> [UInt8] {
        switch delta {
        case .text(let text): self.text(text, choice: choice)
        case .reasoning(let text): reasoning(text, choice: choice)
        case .refusal(let text): refusal(text, choice: choice)
        case .toolCall(let index, let id, let name):
            toolCall(index: index, id: id, name: name, choice: choice)
        case .toolArguments(let index, let piece): toolArguments(index: index, piece, choice: choice)
        }
    }
}
