public import SignalboxCore

/// A reply on its way in: first its head, then its body, whole or piece by piece.
///
/// One task reads it, on the loop's thread; a producer (a curl transfer, a script) feeds it there.
public final class IncomingReply: TimerTarget, @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    public private(set) var status = 0
    public private(set) var headers = HeaderBlock()

    private let loop: EventLoop
    private let bodyBytesMax: Int
    private let canceller: Canceller
    /// Let go of only when it has finished, and so speaks to this reply no more.
    private var producer: (any ReplyProducer)?
    private var buffer: [UInt8] = []
    private var received = 0
    private var hasHead = false
    private(set) var isPaused = false
    /// A reader takes the body piece by piece: the producer is paused when it is slow.
    private var isPiecewise = false
    private var isDiscarding = false
    private var end: Result<Void, TransportError>?
    private var waiting: (UnsafeContinuation<Void, Never>, Need)?

    private var limitTimer: TimerID?
    /// Of the timeout that the limit ends the reply with; nil where it ends no more than a wait.
    private var limitedPhase: TimeoutPhase?

    private enum Need { case head, bytes, end }

    public enum Canceller: Sendable {
        /// The task that waits for the reply: if it is cancelled, so is the reply.
        case task
        /// Nobody but who holds the reply, through ``cancel()``: its waits cost half as much.
        case owner
    }

    /// Bytes of a piecewise body that wait for its reader before the producer is paused.
    static let bufferBytesMax = 64 << 10

    public init(loop: EventLoop, bodyBytesMax: Int, cancelledBy canceller: Canceller = .task) {
        self.loop = loop
        self.bodyBytesMax = bodyBytesMax
        self.canceller = canceller
    }

    deinit {
        producer?.readerLeft()
    }

    // MARK: For the reader

    /// Waits for status and headers.
    public func head() async throws(TransportError) {
        await wait(for: .head)
        if !hasHead { try end?.get() }
    }

    /// Waits for the whole body.
    public func whole() async throws(TransportError) -> [UInt8] {
        await wait(for: .end)
        try end?.get()
        defer { buffer = [] }
        return buffer
    }

    /// The next piece of the body; nil at its end.
    public func next() async throws(TransportError) -> [UInt8]? {
        isPiecewise = true
        if buffer.isEmpty { await wait(for: .bytes) }
        guard !buffer.isEmpty else {
            try end?.get()
            return nil
        }
        let piece = buffer
        buffer = []
        if isPaused {
            isPaused = false
            producer?.resume()
        }
        return piece
    }

    /// Waits until ``next()`` would not have to, no longer than until `instant`. False where that came first.
    public func isReady(by instant: Instant) async -> Bool {
        isPiecewise = true
        if isMet(.bytes) { return true }
        limit(until: instant, phase: nil)
        await wait(for: .bytes)
        liftLimit()
        return isMet(.bytes)
    }

    /// Gives the reply up: the connection is closed, what still comes is thrown away.
    public func cancel() {
        conclude(.failure(.cancelled))
        producer?.cancel()
    }

    /// Lets the rest pass unread, so that the connection can be used again; gives it up after `limit`.
    public func discardRest(within limit: Duration) {
        guard end == nil else { return }
        isDiscarding = true
        buffer = []
        producer?.keep(self, for: limit)
    }

    /// Ends the reply with a timeout unless ``liftLimit()`` is called before `instant`.
    public func limit(until instant: Instant, phase: TimeoutPhase) {
        limit(until: instant, phase: phase as TimeoutPhase?)
    }

    private func limit(until instant: Instant, phase: TimeoutPhase?) {
        liftLimit()
        limitedPhase = phase
        limitTimer = loop.schedule(self, at: instant)
    }

    /// Must be called after ``limit(until:phase:)``: the timer keeps the reply alive.
    public func liftLimit() {
        if let limitTimer { loop.cancel(limitTimer) }
        limitTimer = nil
    }

    func timerFired(at now: Instant) {
        limitTimer = nil
        guard let limitedPhase else { return stopWaiting() }
        conclude(.failure(.timeout(limitedPhase)))
        producer?.cancel()
    }

    private func wait(for need: Need) async {
        if isMet(need) { return }
        switch canceller {
        case .owner: await withUnsafeContinuation { waiting = ($0, need) }
        case .task:
            await withTaskCancellationHandler {
                if isMet(need) { return }
                await withUnsafeContinuation { waiting = ($0, need) }
            } onCancel: {
                loop.execute { self.cancel() }
            }
        }
    }

    private func isMet(_ need: Need) -> Bool {
        if end != nil { return true }
        switch need {
        case .head: return hasHead
        case .bytes: return !buffer.isEmpty
        case .end: return false
        }
    }

    // MARK: For the producer

    public func attach(_ producer: any ReplyProducer) {
        self.producer = producer
    }

    public func receiveHead(status: Int, headers: HeaderBlock) {
        guard end == nil else { return }
        self.status = status
        self.headers = headers
        hasHead = true
        wake()
    }

    /// Takes bytes of the body. Answers what the producer is to do next.
    public func receive(_ bytes: UnsafeRawBufferPointer) -> Intake {
        guard end == nil else { return .stop }
        if isDiscarding { return .more }
        if isPiecewise && buffer.count >= IncomingReply.bufferBytesMax {
            isPaused = true
            return .pause
        }
        received += bytes.count
        guard received <= bodyBytesMax else {
            conclude(.failure(.tooLarge(limit: bodyBytesMax)))
            return .stop
        }
        buffer.append(contentsOf: bytes)
        wake()
        return .more
    }

    public enum Intake: Sendable {
        case more
        /// These bytes were not taken: offer them again after `resume`.
        case pause
        case stop
    }

    /// The producer's last word.
    public func finish(_ result: Result<Void, TransportError>) {
        producer = nil
        conclude(result)
    }

    private func conclude(_ result: Result<Void, TransportError>) {
        guard end == nil else { return }
        end = result
        wake()
    }

    /// Nothing comes any more but what waits to be read.
    public var isFinished: Bool { end != nil }
    var hasStarted: Bool { hasHead }

    private func wake() {
        guard let (_, need) = waiting, isMet(need) else { return }
        stopWaiting()
    }

    private func stopWaiting() {
        let continuation = waiting?.0
        waiting = nil
        continuation?.resume()
    }
}

/// What feeds an ``IncomingReply``. Called on the loop's thread.
public protocol ReplyProducer: AnyObject {
    /// The reader has caught up after a pause.
    func resume()
    /// The reader does not want the rest.
    func cancel()
    /// The reply is being freed: it must not be spoken to any more.
    func readerLeft()
    /// Nobody reads the rest, but the reply may still end by itself within `limit`: keep it alive that long.
    func keep(_ reply: IncomingReply, for limit: Duration)
}
