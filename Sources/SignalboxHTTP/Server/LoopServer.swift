import CLinux
import CMicrohttpd
import Glibc
import SignalboxCore
import SignalboxTelemetry

/// One loop's share of a server: its libmicrohttpd daemon, its connections, and the sweep that enforces time
/// limits.
///
/// libmicrohttpd knows one timeout, for silence, which a client that drips a byte now and then never meets.
/// So the sweep looks at every connection a few times a second and closes those that have outstayed their
/// phase.
///
/// Confined to its loop's thread.
final class LoopServer: LoopSource, Pollable, TimerTarget, @unchecked Sendable {
    // @unchecked: created on any thread, then touched by the loop's alone.

    let loop: EventLoop
    private(set) var limits: ServerLimits
    private let tls: ServerTLS?
    let observer: any ServerObserver
    let rejection: @Sendable (RejectionReason, Exchange) -> Reply
    let handlers: HandlerTasks
    private(set) var isDraining = false
    private var daemon: MicrohttpdDaemon?
    private var connections: [ServerConnection] = []
    private var hasResumed = false
    /// A reply was begun in libmicrohttpd's last run: it is written in the next.
    private var hasAnswered = false
    /// Connections to be suspended after libmicrohttpd's run.
    private var leaving: [ServerConnection] = []
    /// How many are suspended or parked.
    private var suspended = 0
    /// Connections whose request failed in this turn.
    private var failing: [(entry: ServerConnection, connection: OpaquePointer)] = []
    private var sweep: TimerID?
    private var whenEmpty: (() -> Void)?

    init(
        loop: EventLoop, limits: ServerLimits, tls: ServerTLS?, observer: any ServerObserver,
        rejection: @escaping @Sendable (RejectionReason, Exchange) -> Reply,
        handler: @escaping @Sendable (Exchange) async -> Void
    ) {
        self.loop = loop
        self.limits = limits
        self.tls = tls
        self.observer = observer
        self.rejection = rejection
        handlers = HandlerTasks(loop: loop, handler: handler)
    }

    func start() throws(SystemError) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        // libmicrohttpd keeps header, its index and the reply's header in one pool a connection.
        let memory = max(limits.headerBytesMax, 4096) + LoopServer.poolSpareBytes
        let daemon = try MicrohttpdDaemon(
            context: context, connectionsMax: limits.connectionsMax, connectionMemory: memory, tls: tls)
        try loop.poller.watch(daemon.descriptor, for: signalbox_epoll_in, handler: self)
        self.daemon = daemon
        loop.sources.append(self)
        armSweep()
    }

    private static let poolSpareBytes = 4096

    /// From now on; what is under way is judged by them as well. Those that libmicrohttpd was started with
    /// stay: the head's size and how many connections there may be.
    func change(_ new: ServerLimits) {
        let old = limits
        limits = new
        limits.headerBytesMax = old.headerBytesMax
        limits.connectionsMax = old.connectionsMax
    }

    // MARK: The loop's calls

    func ready(_ descriptor: Int32, _ events: UInt32) {
        run()
    }

    func flush() {
        guard hasResumed else { return }
        hasResumed = false
        for (entry, connection) in failing where entry.isOpen {
            MHD_suspend_connection(connection)
            MHD_resume_connection(connection)
        }
        failing.removeAll()
        run()
    }

    private func run() {
        guard let daemon else { return }
        daemon.run()
        suspendLeaving()
        guard hasAnswered else { return }
        hasAnswered = false
        daemon.run()
        suspendLeaving()
    }

    /// A request ended before its reply was sent whole.
    ///
    /// libmicrohttpd takes a suspended connection out of its epoll set, and puts it back only when it waits
    /// for the socket again. A connection that fails before that is neither watched nor looked at any more,
    /// and would stay for ever: suspending and resuming it once more makes libmicrohttpd look, and clean up.
    func failed(_ entry: ServerConnection, _ connection: OpaquePointer) {
        failing.append((entry, connection))
        hasResumed = true
    }

    /// What was left over (more to read, more to write) is taken up in the next turn, after the other
    /// sockets'.
    var nextWake: Instant? {
        // Where all are suspended, nothing can be left over.
        guard hasResumed || suspended < connections.count && daemon?.hasWorkLeft == true else { return nil }
        hasResumed = true
        return .past
    }

    // MARK: Connections

    func adopt(_ socket: Int32, address: sockaddr_storage, length: socklen_t) {
        var address = address
        guard let daemon, !isDraining else {
            close(socket)
            return
        }
        let wasAdded = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                daemon.add(socket, address: $0, length: length)
            }
        }
        if !wasAdded { observer.rejected(.connectionLimit) }
        hasResumed = true
    }

    func opened(_ entry: ServerConnection) {
        entry.position = connections.count
        connections.append(entry)
        observer.connectionOpened()
    }

    func closed(_ entry: ServerConnection) {
        entry.isOpen = false
        if entry.isWatchedForHangUp || entry.isWatchedForInput { loop.poller.unwatch(entry.descriptor) }
        // libmicrohttpd answers what is no request by itself (400, 431, 505), and closes.
        if case .header = entry.phase, !entry.isHungUp { observer.rejected(.malformed) }
        let last = connections.removeLast()
        if last !== entry {
            connections[entry.position] = last
            last.position = entry.position
        }
        observer.connectionClosed()
        if connections.isEmpty { reportEmpty() }
    }

    /// Resumes what was suspended by its own stream.
    func resume(streamOf connection: OpaquePointer) {
        MHD_resume_connection(connection)
        hasResumed = true
        hasAnswered = true
    }

    /// Resumes what was set aside.
    func resume(_ entry: ServerConnection) {
        switch entry.place {
        case .active: return
        case .leaving: break
        case .suspended, .parked:
            suspended -= 1
            MHD_resume_connection(entry.connection)
        }
        entry.place = .active
        hasResumed = true
    }

    /// A reply was begun: libmicrohttpd writes it in its next run.
    func answered() {
        hasAnswered = true
    }

    // MARK: Setting aside

    // libmicrohttpd puts a connection into its epoll set before it waits for a request, takes it out when the
    // request is suspended, and tries to read what was suspended while it was reading: three system calls a
    // request, two of them dear. So a connection is suspended after the run, when libmicrohttpd knows that it
    // waits for nothing but us; and again, parked, once its reply is sent, before it is put into the set: the
    // loop watches its socket itself, edge-triggered, and need not be told anew.
    //
    // The documentation calls suspending safe from within two callbacks only. That is for the sake of
    // libmicrohttpd's own threads: here is one thread, and no run is under way.
    //
    //     active ──advance──▶ leaving ──run ends──▶ suspended ──respond──▶ active
    //     active ─completed─▶ leaving ──run ends──▶ parked ──ready, sweep──▶ active

    func setAside(_ entry: ServerConnection) {
        guard entry.place == .active else { return }
        entry.place = .leaving
        leaving.append(entry)
    }

    private func suspendLeaving() {
        for entry in leaving where entry.isOpen && entry.place == .leaving {
            entry.place = placeToRest(entry)
            guard entry.place != .active else { continue }
            suspended += 1
            MHD_suspend_connection(entry.connection)
        }
        leaving.removeAll(keepingCapacity: true)
    }

    private func placeToRest(_ entry: ServerConnection) -> ServerConnection.Place {
        switch entry.phase {
        case .header, .body, .replying: return .active
        case .handling: return .suspended
        case .resting:
            // No socket would tell of bytes that came early, or that TLS has read ahead.
            let isQuiet = tls == nil && !entry.hasEarlyInput && !entry.isHungUp
            entry.hasEarlyInput = false
            return isQuiet && watchForInput(entry) ? .parked : .active
        }
    }

    private func watchForInput(_ entry: ServerConnection) -> Bool {
        if entry.isWatchedForInput { return true }
        entry.isWatchedForInput = true
        do {
            try loop.poller.watch(entry.descriptor, for: entry.interest, handler: entry)
        } catch {
            entry.isWatchedForInput = false
        }
        return entry.isWatchedForInput
    }

    /// One that rests for longer is libmicrohttpd's to watch: it goes through all that are suspended whenever
    /// one is resumed, and may have bytes of it that were too few to be told of.
    private static let parkedMax: Duration = .milliseconds(100)

    // MARK: The sweep

    /// Often enough that no limit is overstayed by more than a quarter, and a hang-up is seen within 100 ms.
    private var sweepInterval: Duration {
        let shortest = min(limits.headerTimeout, limits.bodyTimeout, limits.idleTimeout, limits.writeTimeout)
        return max(.milliseconds(5), min(.milliseconds(100), shortest / 4))
    }

    private func armSweep() {
        sweep = loop.schedule(self, at: loop.now().advanced(by: sweepInterval))
    }

    func timerFired(at now: Instant) {
        for entry in connections {
            if let reason = entry.overdue(at: now, limits: limits) {
                observer.rejected(reason)
                hangUp(on: entry)
            } else if entry.isSuspended, !entry.isWatchedForHangUp {
                watchForHangUp(entry)
            } else if entry.place == .parked, entry.since.duration(to: now) > LoopServer.parkedMax {
                resume(entry)
            }
        }
        armSweep()
    }

    /// libmicrohttpd finds the socket closed, and ends the connection in its own time.
    func hangUp(on entry: ServerConnection) {
        entry.isHungUp = true
        shutdown(entry.descriptor, Int32(SHUT_RDWR))
        if entry.place == .parked { resume(entry) }
        entry.exchange?.clientLeft()
    }

    /// A suspended connection is not watched by libmicrohttpd: without this, a client that leaves while its
    /// request waits for a provider would be noticed only when the answer has come. Once for each connection
    /// that ever waits.
    private func watchForHangUp(_ entry: ServerConnection) {
        entry.isWatchedForHangUp = true
        do {
            try loop.poller.watch(entry.descriptor, for: entry.interest, handler: entry)
        } catch {
            entry.isWatchedForHangUp = false
            entry.exchange?.clientLeft()
        }
    }

    // MARK: The end

    /// Refuses new connections, closes resting ones, and calls back when the last has ended.
    func drain(whenEmpty: @escaping @Sendable () -> Void) {
        isDraining = true
        self.whenEmpty = whenEmpty
        for entry in connections {
            if case .resting = entry.phase { hangUp(on: entry) }
        }
        if connections.isEmpty { reportEmpty() }
    }

    /// Ends every request that is still in flight.
    func abandon() {
        for entry in connections {
            observer.rejected(.drainTimeout)
            hangUp(on: entry)
        }
    }

    private func reportEmpty() {
        whenEmpty?()
        whenEmpty = nil
    }

    func stop() {
        if let sweep { loop.cancel(sweep) }
        if let daemon { loop.poller.unwatch(daemon.descriptor) }
        for entry in connections where entry.place == .parked { resume(entry) }
        loop.sources.removeAll { $0 === self }
        handlers.stop()
        daemon = nil
    }
}
