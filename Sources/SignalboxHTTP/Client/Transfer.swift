import CCurl
import Glibc
import SignalboxCore

/// One request on the wire and its reply on the way in.
///
/// curl holds it by an unretained pointer while it runs; the client's table keeps it alive for exactly that
/// long. Confined to its loop's thread.
final class Transfer: TimerTarget, ReplyProducer {
    /// Where its handle came from, and goes back to.
    let pool: HandlePool
    let handle: CurlHandle
    /// Among the client's transfers; nil once it is not one of them any more.
    var place: Int?
    /// The reader's; it says `readerLeft` before it goes, so that this never dangles.
    private unowned(unsafe) var reply: IncomingReply?
    /// Set where nobody else holds the reply any more, but its end is awaited.
    private var kept: IncomingReply?
    private unowned let client: HTTPClient
    private let body: [UInt8]
    private var sent = 0
    private var head = ReplyHead()
    private let start: Instant
    private var totalDeadline: Instant
    private var lastActivity: Instant
    private var hasFirstByte = false
    private var isPaused = false
    private var timer: TimerID?
    /// When the timer fires.
    private var armed = Instant.past
    /// Why we ended it ourselves, where curl knows only that a callback refused.
    private var ownError: TransportError?

    init(
        _ pool: HandlePool, handle: CurlHandle, body: [UInt8], reply: IncomingReply,
        client: HTTPClient,
        deadline: Instant
    ) {
        self.pool = pool
        self.handle = handle
        self.body = body
        self.reply = reply
        self.client = client
        start = client.loop.turnStart
        lastActivity = start
        totalDeadline = min(deadline, start.advanced(by: pool.template.timeouts.total))
        arm(at: nextDeadline.instant)
    }

    // MARK: Time limits

    /// The limit that runs out next. Idle time is counted lazily: bytes only move `lastActivity`.
    private var nextDeadline: (instant: Instant, phase: TimeoutPhase) {
        if !hasFirstByte {
            let first = start.advanced(by: pool.template.timeouts.firstByte)
            return first < totalDeadline ? (first, .firstByte) : (totalDeadline, .total)
        }
        if isPaused { return (totalDeadline, .total) }
        let idle = lastActivity.advanced(by: pool.template.timeouts.idle)
        return idle < totalDeadline ? (idle, .idle) : (totalDeadline, .total)
    }

    func timerFired(at now: Instant) {
        timer = nil
        let next = nextDeadline
        if next.instant <= now {
            client.abort(self, because: .timeout(next.phase))
        } else {
            arm(at: next.instant)
        }
    }

    private func arm(at instant: Instant) {
        armed = instant
        timer = client.loop.schedule(self, at: instant)
    }

    /// The limit that counts has changed, and may run out before the timer would look.
    private func limitChanged() {
        let next = nextDeadline.instant
        guard next < armed else { return }
        disarm()
        arm(at: next)
    }

    func disarm() {
        if let timer { client.loop.cancel(timer) }
        timer = nil
    }

    // MARK: curl's calls

    func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        switch head.take(line) {
        case .more: return true
        case .whole:
            noteActivity()
            reply?.receiveHead(status: head.status, headers: head.headers)
            return true
        case .tooLarge:
            ownError = .malformed("its header is larger than \(ReplyHead.bytesMax) bytes")
            return false
        }
    }

    /// The number of bytes taken, or one of curl's special results.
    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let reply else { return 0 }
        noteActivity()
        switch reply.receive(bytes) {
        case .more: return bytes.count
        case .pause:
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        case .stop: return 0
        }
    }

    func upload(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, body.count - sent)
        body.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + count]))
        }
        sent += count
        return count
    }

    /// curl starts the body over before it asks ``CurlHandle/maySend()`` for a second sending.
    func rewind(to offset: Int) -> Bool {
        guard (0...body.count).contains(offset) else { return false }
        sent = offset
        return true
    }

    private func noteActivity() {
        lastActivity = client.loop.turnStart
        guard !hasFirstByte else { return }
        hasFirstByte = true
        limitChanged()
    }

    // MARK: ReplyProducer

    func resume() {
        guard isPaused else { return }
        isPaused = false
        lastActivity = client.loop.turnStart
        limitChanged()
        client.unpause(self)
    }

    func readerLeft() {
        reply = nil
        cancel()
    }

    func cancel() {
        client.abort(self, because: .cancelled)
    }

    func keep(_ reply: IncomingReply, for limit: Duration) {
        kept = reply
        totalDeadline = min(totalDeadline, client.loop.now().advanced(by: limit))
        disarm()
        arm(at: totalDeadline)
        resume()
    }

    // MARK: The end

    func finish(_ error: TransportError?) {
        disarm()
        defer { kept = nil }
        reply?.finish(error.map { .failure($0) } ?? .success(()))
    }

    /// What curl's result means, given how far the reply had come.
    func judge(_ code: CURLcode) -> TransportError? {
        // curl is content with a stream that ends within the header.
        if code == CURLE_OK { return hasFirstByte ? nil : .reset("the connection ended within the header") }
        if let ownError { return ownError }
        // Had another of the name's addresses been taken, the transfer would have ended differently.
        if let refusal = handle.refusal, code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK {
            return .forbidden(refusal)
        }
        if code == CURLE_ABORTED_BY_CALLBACK, handle.hasLostConnection {
            return .reset("the kept connection ended")
        }
        let detail = handle.detail(code)
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT:
            return .unreachable(detail)
        case CURLE_OPERATION_TIMEDOUT:
            return .timeout(.connect)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_CERTPROBLEM, CURLE_SSL_INVALIDCERTSTATUS:
            return .tls(detail)
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
            CURLE_HTTP2_STREAM:
            return hasFirstByte ? .cut(detail) : .reset(detail)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING,
            CURLE_OUT_OF_MEMORY:  // what curl says of a header line without end, at 100 KiB
            return .malformed(detail)
        default:  // curl's list is open and grows with its versions
            return .local(detail)
        }
    }
}
