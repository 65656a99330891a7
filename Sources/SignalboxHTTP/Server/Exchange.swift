import CMicrohttpd
public import SignalboxCore
import SignalboxTelemetry

/// One request and its reply.
///
/// The handler's task gets it once the body is whole. It answers with ``respond(_:)`` or
/// ``stream(status:headers:)``, and is cancelled when the client leaves. A handler that ends without an
/// answer has the connection closed.
///
/// Confined to its loop's thread, which is the handler's, too.
public final class Exchange: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    public let method: String
    public let path: String
    public let loop: EventLoop
    /// The body as it came, before any content coding is undone.
    public private(set) var body: [UInt8] = []
    /// When the request was whole and the handler could start.
    public private(set) var receivedAt = Instant(nanoseconds: 0)
    public private(set) var isClientGone = false

    /// How large a body may be at this moment, in bytes.
    public var bodyBytesMax: Int { room.limits.bodyBytesMax }

    let room: LoopServer
    let entry: ServerConnection
    private var connection: OpaquePointer?
    private var stage: Stage = .receiving
    private var runner: HandlerTask?
    private var departure: (() -> Void)?
    private var swallowed = 0
    private var delivery: UnsafeContinuation<Bool, Never>?

    private enum Stage {
        case receiving
        /// The body has outgrown its limit: what still comes is thrown away.
        case swallowing
        /// Suspended; the handler has it.
        case handling
        /// The answer waits for libmicrohttpd to ask for it.
        case answered(Reply)
        case streamed(Reply, ReplyStream)
        case abandoned
        /// libmicrohttpd has the answer.
        case replying(ReplyStream?)
        case finished
    }

    init(
        room: LoopServer, entry: ServerConnection, connection: OpaquePointer, method: String, path: String
    ) {
        loop = room.loop
        self.room = room
        self.entry = entry
        self.connection = connection
        self.method = method
        self.path = path
    }

    // MARK: For handlers

    /// The first header field of that name, whatever its case; nil after the client has left.
    public func header(_ name: StaticString) -> String? {
        guard let connection else { return nil }
        let value = name.withUTF8Buffer { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                MHD_lookup_connection_value(connection, .HEADER_KIND, $0.baseAddress)
            }
        }
        return value.map { String(cString: $0) }
    }

    /// Every header field of that name, in order; none after the client has left.
    public func headers(_ name: StaticString) -> [String] {
        guard let connection else { return [] }
        var found = HeaderSearch(name)
        withUnsafeMutablePointer(to: &found) {
            _ = MHD_get_connection_values(connection, .HEADER_KIND, headerVisited, $0)
        }
        return found.values
    }

    /// Every header field in order, for recording and relaying; none after the client has left.
    public var allHeaders: [(name: String, value: String)] { fields(of: .HEADER_KIND) }

    /// Every query parameter in order, percent-decoded, empty where it has no value; none after the client
    /// has left.
    public var allQueries: [(name: String, value: String)] { fields(of: .GET_ARGUMENT_KIND) }

    private func fields(of kind: MHD_ValueKind) -> [(name: String, value: String)] {
        guard let connection else { return [] }
        var list = FieldList()
        withUnsafeMutablePointer(to: &list) {
            _ = MHD_get_connection_values(connection, kind, fieldVisited, $0)
        }
        return list.fields
    }

    /// The first value of a query parameter, percent-decoded; nil where it is absent or has no value.
    public func query(_ name: String) -> String? {
        guard let connection else { return nil }
        return MHD_lookup_connection_value(connection, .GET_ARGUMENT_KIND, name).map { String(cString: $0) }
    }

    /// What ends the work when the client has left: done once, on the loop's thread, at once if it has left
    /// already. The handler's task is cancelled as well; waiting for that is dearer.
    public func whenClientLeaves(_ departure: @escaping () -> Void) {
        guard !isClientGone else { return departure() }
        self.departure = departure
    }

    /// Answers, once. Without effect if the client has left.
    public func respond(_ reply: Reply) {
        guard case .handling = stage else { return }
        stage = .answered(reply)
        resume()
    }

    /// Suspends the handler until its answer has been sent; false if the client left before it had it whole.
    ///
    /// For answers whose bytes count against a limit until they are gone. Only the handler's own task may
    /// wait, after ``respond(_:)``.
    public func delivered() async -> Bool {
        if case .finished = stage { return !isClientGone }
        return await withUnsafeContinuation { delivery = $0 }
    }

    /// Answers with a body that comes piece by piece. Without effect on the client if it has left.
    public func stream(status: Int, headers: [(name: String, value: String)]) -> ReplyStream {
        let stream = ReplyStream(exchange: self, bufferBytesMax: room.limits.replyBufferBytesMax)
        guard case .handling = stage, !isClientGone else {
            stream.detach()
            return stream
        }
        stage = .streamed(Reply(status: status, headers: headers), stream)
        resume()
        return stream
    }

    // MARK: libmicrohttpd's calls, in order

    /// The header is whole. False closes the connection.
    func begin() -> Bool {
        entry.exchange = self
        entry.enter(.body, at: room.loop.turnStart)
        guard let declared = header("content-length").flatMap({ Int($0) }) else { return true }
        guard declared <= room.limits.bodyBytesMax else { return rejectBody() }
        body.reserveCapacity(declared)
        return true
    }

    /// A piece of the body. False closes the connection.
    func receive(_ chunk: UnsafeRawBufferPointer) -> Bool {
        if case .receiving = stage, body.count + chunk.count <= room.limits.bodyBytesMax {
            body.append(contentsOf: chunk)
            return true
        }
        body = []
        stage = .swallowing
        swallowed += chunk.count
        return swallowed <= room.limits.bodyBytesMax
    }

    /// The body is whole, or the connection was resumed. False closes the connection.
    func advance() -> Bool {
        switch stage {
        case .receiving:
            stage = .handling
            receivedAt = room.loop.now()
            entry.enter(.handling, at: receivedAt)
            room.setAside(entry)
            runner = room.handlers.run(self)
            return true
        case .swallowing: return rejectBody()
        case .answered(let reply): return queue(reply, stream: nil)
        case .streamed(let reply, let stream): return queue(reply, stream: stream)
        case .abandoned, .finished: return false
        case .handling, .replying: return true
        }
    }

    /// The reply was sent whole, or the connection has ended before.
    func completed(whole: Bool) {
        if case .replying(let stream?) = stage { whole ? stream.sent() : stream.detach() }
        if !whole { isClientGone = true }
        stage = .finished
        if !whole, let connection { room.failed(entry, connection) }
        connection = nil
        if !whole { cancelHandler() }
        delivery?.resume(returning: whole)
        delivery = nil
        entry.exchange = nil
        entry.enter(.resting(fresh: false), at: room.loop.turnStart)
        if room.isDraining { room.hangUp(on: entry) } else if whole { room.setAside(entry) }
    }

    // MARK: The rest

    /// The client has hung up, or outstayed a limit: whatever is still done for it ends.
    func clientLeft() {
        isClientGone = true
        cancelHandler()
        if case .replying(let stream?) = stage { stream.clientLeft() }
    }

    /// Whether the client, not the provider, is the one being waited for.
    var isOwedToClient: Bool {
        switch stage {
        case .replying(let stream): stream?.isWaitingForBytes != true
        default: false
        }
    }

    private func cancelHandler() {
        runner?.cancel()
        departure?()
        departure = nil
    }

    func handlerEnded() {
        runner = nil
        departure = nil
        switch stage {
        case .handling:
            stage = .abandoned
            resume()
        case .streamed(_, let stream), .replying(let stream?): stream.handlerEnded()
        case .receiving, .swallowing, .answered, .abandoned, .replying(nil), .finished: break
        }
    }

    private func resume() {
        if connection != nil { room.resume(entry) }
    }

    private func rejectBody() -> Bool {
        room.observer.rejected(.bodyTooLarge)
        var reply = room.rejection(.bodyTooLarge, self)
        reply.headers.append(("connection", "close"))
        return queue(reply, stream: nil)
    }

    private func queue(_ reply: Reply, stream: ReplyStream?) -> Bool {
        guard let connection else { return false }
        var reply = reply
        if room.isDraining { reply.headers.append(("connection", "close")) }
        var stream = stream
        if stream == nil && reply.body.count > Exchange.copiedBytesMax {
            stream = ReplyStream(exchange: self, whole: reply.body)
        }
        stage = .replying(stream)
        entry.enter(.replying, at: room.loop.turnStart)
        guard let response = MicrohttpdResponse(reply, stream: stream) else { return false }
        stream?.connection = connection
        room.answered()
        return response.queue(on: connection, headers: reply.headers)
    }

    /// A larger body is not copied into libmicrohttpd's response but read from where it is.
    private static let copiedBytesMax = 32 << 10
}
