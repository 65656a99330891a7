import CCurl
import CLinux
import Glibc
public import SignalboxCore

/// An HTTP client on one loop: a libcurl multi handle driven by the loop's epoll set and clock.
///
/// Connections are kept and reused, HTTP/2 is spoken where TLS offers it, certificates are verified,
/// redirects are not followed. Confined to its loop's thread.
public final class HTTPClient: LoopSource, Pollable, @unchecked Sendable {
    // @unchecked: created on any thread, then touched by the loop's alone.

    public let loop: EventLoop
    private let multi: UnsafeMutableRawPointer
    private var pools: [ObjectIdentifier: HandlePool] = [:]
    /// Each knows its place here, and curl's handle knows the transfer.
    private var running: [Transfer] = []
    /// By descriptor: sockets that curl opened through us, so that we hear of their end.
    private var connections: [Connection] = []
    private var wakeAt: Instant?
    private var isInsideCurl = false

    private enum Connection: UInt8 {
        /// Not a connection of ours: curl has other descriptors, too.
        case none
        case busy
        /// Kept for the next transfer, and still in the epoll set.
        case resting
    }

    /// Prepared handles kept for a template on this loop; each costs about 20 KiB.
    private static let idleHandlesMax = 64
    /// Connections kept open between requests on this loop, to all providers together.
    private static let keptConnectionsMax = 512

    /// - Throws: ``TransportError/local(_:)`` where curl cannot start.
    public init(loop: EventLoop) throws(TransportError) {
        self.loop = loop
        guard let multi = curl_multi_init() else { throw .local("curl has no memory for a multi handle") }
        self.multi = multi
        let context = Unmanaged.passUnretained(self).toOpaque()
        var code = signalbox_curl_multi_set_callbacks(multi, clientSocketChanged, clientTimerChanged, context)
        if code == CURLM_OK {
            code = signalbox_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, HTTPClient.keptConnectionsMax)
        }
        guard code == CURLM_OK else { throw .local(String(cString: curl_multi_strerror(code))) }
    }

    deinit {
        let code = curl_multi_cleanup(multi)
        assert(code == CURLM_OK, "curl_multi_cleanup: \(code.rawValue)")
    }

    // MARK: For users

    /// Joins the loop's turns. On the loop's thread, once.
    public func start() {
        loop.sources.append(self)
    }

    /// Sends a POST. The reply's head and body are awaited through what this returns.
    /// - Parameters:
    ///   - headers: sent with this request alone, beside the template's.
    ///   - deadline: ends the transfer even before the template's total timeout.
    public func post(
        _ template: RequestTemplate, body: [UInt8], headers: [RequestHeader] = [], deadline: Deadline,
        cancelledBy canceller: IncomingReply.Canceller = .task
    ) -> IncomingReply {
        precondition(template.method == .post, "the template is for another method")
        return send(template, body: body, headers: headers, deadline: deadline, cancelledBy: canceller)
    }

    /// Sends a GET, as ``post(_:body:headers:deadline:cancelledBy:)`` does.
    public func get(
        _ template: RequestTemplate, headers: [RequestHeader] = [], deadline: Deadline,
        cancelledBy canceller: IncomingReply.Canceller = .task
    ) -> IncomingReply {
        precondition(template.method == .get, "the template is for another method")
        return send(template, body: [], headers: headers, deadline: deadline, cancelledBy: canceller)
    }

    private func send(
        _ template: RequestTemplate, body: [UInt8], headers: [RequestHeader], deadline: Deadline,
        cancelledBy canceller: IncomingReply.Canceller
    ) -> IncomingReply {
        let reply = IncomingReply(
            loop: loop, bodyBytesMax: template.replyBytesMax, cancelledBy: canceller)
        do throws(TransportError) {
            let pool = pool(of: template)
            let handle = try takeHandle(from: pool)
            let transfer = Transfer(
                pool, handle: handle, body: body, reply: reply, client: self, deadline: deadline.instant)
            do throws(TransportError) {
                try handle.begin(
                    Unmanaged.passUnretained(transfer).toOpaque(), body: body, headers: headers,
                    isFresh: distrustsKeptConnections(of: pool))
                try check(curl_multi_add_handle(multi, handle.easy))
            } catch {
                transfer.disarm()
                throw error
            }
            transfer.place = running.count
            running.append(transfer)
            reply.attach(transfer)
        } catch {
            reply.finish(.failure(error))
        }
        return reply
    }

    /// Ends every transfer and closes every connection. On the loop's thread.
    public func stop() {
        for transfer in running { abort(transfer, because: .cancelled) }
        pools.removeAll()
        loop.sources.removeAll { $0 === self }
        for (descriptor, state) in connections.enumerated() where state != .none {
            loop.poller.unwatch(Int32(descriptor))
        }
    }

    // MARK: Handles

    private func takeHandle(from pool: HandlePool) throws(TransportError) -> CurlHandle {
        if let handle = pool.idle.popLast() { return handle }
        return try CurlHandle(for: pool.template, client: Unmanaged.passUnretained(self).toOpaque())
    }

    private func keep(_ handle: CurlHandle, in pool: HandlePool) {
        guard !pool.template.isRetired else { return }
        if handle.hasLostConnection { pool.lostConnections += 1 }
        if pool.idle.count < HTTPClient.idleHandlesMax { pool.idle.append(handle) }
    }

    /// Where one kept connection was dead the others may be, too, and a request is not tried on each of them.
    private func distrustsKeptConnections(of pool: HandlePool) -> Bool {
        guard pool.lostConnections > 0 else { return false }
        pool.lostConnections -= 1
        return true
    }

    private func pool(of template: RequestTemplate) -> HandlePool {
        if let pool = pools[ObjectIdentifier(template)] { return pool }
        let pool = HandlePool(template)
        if !template.isRetired { pools[ObjectIdentifier(template)] = pool }
        return pool
    }

    /// Drops the handles that are kept for a template, which was retired before. On the loop's thread.
    public func drop(_ template: RequestTemplate) {
        pools[ObjectIdentifier(template)] = nil
    }

    // MARK: Transfers

    func abort(_ transfer: Transfer, because error: TransportError) {
        guard transfer.place != nil else { return }
        if isInsideCurl {
            // curl forbids to remove a transfer from within its callbacks.
            let late = LateAbort(transfer: transfer)
            loop.execute { self.abort(late.transfer, because: error) }
            return
        }
        end(transfer, error)
    }

    func unpause(_ transfer: Transfer) {
        guard transfer.place != nil else { return }
        inside { _ = curl_easy_pause(transfer.handle.easy, CURLPAUSE_CONT) }
        collectFinished()
    }

    private func collectFinished() {
        var result = CURLE_OK
        while let easy = signalbox_curl_multi_finished(multi, &result) {
            guard let context = signalbox_curl_get_private(easy) else { continue }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            end(transfer, transfer.judge(result))
        }
    }

    private func end(_ transfer: Transfer, _ error: TransportError?) {
        guard let place = transfer.place else { return }
        transfer.place = nil
        let last = running.removeLast()
        if last !== transfer {
            running[place] = last
            last.place = place
        }
        let code = curl_multi_remove_handle(multi, transfer.handle.easy)
        assert(code == CURLM_OK, "curl_multi_remove_handle: \(code.rawValue)")
        transfer.finish(error)
        keep(transfer.handle, in: transfer.pool)
    }

    private func inside(_ body: () -> Void) {
        isInsideCurl = true
        body()
        isInsideCurl = false
    }

    private func check(_ code: CURLMcode) throws(TransportError) {
        guard code == CURLM_OK else { throw .local(String(cString: curl_multi_strerror(code))) }
    }

    // MARK: The loop's calls

    var nextWake: Instant? { wakeAt }

    /// Fires curl's timer whenever it is due, not only when no socket was ready: new transfers start here.
    func flush() {
        guard let due = wakeAt, due == .past || due <= loop.now() else { return }
        wakeAt = nil
        act(on: CURL_SOCKET_TIMEOUT, 0)
    }

    func ready(_ descriptor: Int32, _ events: UInt32) {
        if state(of: descriptor) == .resting {
            // Nobody is using it, so this is its end: curl notices when it next looks.
            loop.poller.unwatch(descriptor)
            connections[Int(descriptor)] = .busy
            return
        }
        var action: Int32 = 0
        if events & (signalbox_epoll_in | signalbox_epoll_hup) != 0 { action |= CURL_CSELECT_IN }
        if events & signalbox_epoll_out != 0 { action |= CURL_CSELECT_OUT }
        if events & signalbox_epoll_error != 0 { action |= CURL_CSELECT_ERR }
        act(on: descriptor, action)
    }

    private func act(on socket: Int32, _ events: Int32) {
        var count: Int32 = 0
        inside {
            let code = curl_multi_socket_action(multi, socket, events, &count)
            assert(code == CURLM_OK, "curl_multi_socket_action: \(code.rawValue)")
        }
        collectFinished()
    }

    // MARK: curl's calls

    func timerChanged(milliseconds: Int) {
        switch milliseconds {
        case ..<0: wakeAt = nil
        case 0: wakeAt = .past
        default: wakeAt = loop.now().advanced(by: .milliseconds(milliseconds))
        }
    }

    /// curl changes what it wants to know of a socket. A kept connection stays in the epoll set between
    /// transfers: two system calls less for each request.
    func socketChanged(_ socket: Int32, _ wanted: Int32) {
        var interest: UInt32 = 0
        if wanted & CURL_POLL_IN != 0 { interest |= signalbox_epoll_in }
        if wanted & CURL_POLL_OUT != 0 { interest |= signalbox_epoll_out }
        if wanted == CURL_POLL_REMOVE {
            if state(of: socket) != .none, loop.poller.interest(of: socket) == signalbox_epoll_in {
                connections[Int(socket)] = .resting
            } else {
                loop.poller.unwatch(socket)
            }
            return
        }
        if state(of: socket) == .resting { connections[Int(socket)] = .busy }
        if loop.poller.interest(of: socket) == interest { return }
        do {
            try loop.poller.watch(socket, for: interest, handler: self)
        } catch {
            // Without events the transfer runs into its time limit, which reports it.
            assertionFailure("\(error)")
        }
    }

    private func state(of socket: Int32) -> Connection {
        socket < connections.count ? connections[Int(socket)] : .none
    }

    func opened(_ socket: Int32) {
        while connections.count <= socket { connections.append(.none) }
        connections[Int(socket)] = .busy
    }

    func closing(_ socket: Int32) {
        if state(of: socket) != .none { connections[Int(socket)] = .none }
        loop.poller.forget(socket)
    }
}

/// The prepared handles of one template that no transfer uses.
final class HandlePool {
    let template: RequestTemplate
    var idle: [CurlHandle] = []
    /// Kept connections that turned out dead: so many of the next requests do not trust the others.
    var lostConnections = 0

    init(_ template: RequestTemplate) {
        self.template = template
    }
}

/// Carries a transfer to a later turn of the same loop.
private struct LateAbort: @unchecked Sendable {
    // @unchecked: made and used on the loop's thread.
    let transfer: Transfer
}
