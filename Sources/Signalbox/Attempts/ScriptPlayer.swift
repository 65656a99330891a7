import SignalboxCore
import SignalboxHTTP

/// Plays a ``ReplyScript`` into an ``IncomingReply``, as a network transfer would arrive.
///
/// Confined to its loop's thread.
final class ScriptPlayer: ReplyProducer, @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    private let loop: EventLoop
    private let timeouts: TransferTimeouts
    /// Weak: a reader that lets go of the reply ends the play.
    private weak var reply: IncomingReply?
    private var task: Task<Void, Never>?
    private var pause: CheckedContinuation<Void, Never>?

    private init(loop: EventLoop, timeouts: TransferTimeouts, reply: IncomingReply) {
        self.loop = loop
        self.timeouts = timeouts
        self.reply = reply
    }

    /// Starts to play. On the loop's thread.
    static func play(
        _ script: ReplyScript, on loop: EventLoop, timeouts: TransferTimeouts, replyBytesMax: Int,
        deadline: Deadline, cancelledBy canceller: IncomingReply.Canceller = .task
    ) -> IncomingReply {
        let reply = IncomingReply(loop: loop, bodyBytesMax: replyBytesMax, cancelledBy: canceller)
        let player = ScriptPlayer(loop: loop, timeouts: timeouts, reply: reply)
        reply.attach(player)
        player.task = loop.spawn { await player.run(script, deadline: deadline) }
        return reply
    }

    private func run(_ script: ReplyScript, deadline: Deadline) async {
        let end = min(deadline.instant, loop.now().advanced(by: timeouts.total))
        do throws(CancellationError) {
            for step in script.steps {
                guard try await perform(step, until: end) else { return }
            }
            reply?.finish(.success(()))
        } catch {
            reply?.finish(.failure(.cancelled))
        }
    }

    /// False where the reply has ended.
    private func perform(_ step: ReplyScript.Step, until end: Instant) async throws(CancellationError) -> Bool
    {
        switch step {
        case .wait(let duration): return try await wait(duration, until: end)
        case .head(let status, let headers):
            reply?.receiveHead(status: status, headers: HeaderBlock(headers))
            return reply != nil
        case .bytes(let bytes): return await offer(bytes)
        case .cut:
            reply?.finish(.failure(hasHead ? .cut("the script says so") : .reset("the script says so")))
            return false
        case .stall: return try await wait(.seconds(86_400), until: end)
        }
    }

    private var hasHead: Bool { (reply?.status ?? 0) != 0 }

    /// Waits, unless a time limit runs out first.
    private func wait(_ duration: Duration, until end: Instant) async throws(CancellationError) -> Bool {
        let now = loop.now()
        let silence = now.advanced(by: hasHead ? timeouts.idle : timeouts.firstByte)
        let wanted = now.advanced(by: duration)
        let limit = min(silence, end)
        try await loop.sleep(until: min(wanted, limit))
        if wanted <= limit { return true }
        let phase: TimeoutPhase = limit == end ? .total : hasHead ? .idle : .firstByte
        reply?.finish(.failure(.timeout(phase)))
        return false
    }

    private func offer(_ bytes: [UInt8]) async -> Bool {
        while let reply {
            switch bytes.withUnsafeBytes({ reply.receive($0) }) {
            case .more: return true
            case .stop: return false
            case .pause: await withCheckedContinuation { pause = $0 }
            }
        }
        return false
    }

    // MARK: ReplyProducer

    func resume() {
        let waiting = pause
        pause = nil
        waiting?.resume()
    }

    func cancel() {
        task?.cancel()
        resume()
    }

    func readerLeft() {
        cancel()
    }

    /// A script holds no connection: its rest can be dropped.
    func keep(_ reply: IncomingReply, for limit: Duration) {
        cancel()
    }
}
