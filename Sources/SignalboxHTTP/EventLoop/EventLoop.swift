import CLinux
import DequeModule
import Glibc
public import SignalboxCore
import Synchronization

/// One thread that waits on an epoll set, fires timers and runs Swift tasks: everything it owns is touched by
/// it alone.
///
/// A task started with ``spawn(_:)`` never leaves the thread: wherever it suspends, it is resumed there. What
/// crosses threads crosses through ``execute(_:)`` or a task's own suspension, and wakes the thread through
/// an eventfd.
///
/// A turn: run what is ready, let the sources send what that produced, sleep, hand out the events, fire the
/// timers.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
    // @unchecked: all state below is touched by the loop's own thread only, except `inbox` (a Mutex) and
    // `started`.

    public let index: Int
    fileprivate let name: String
    let clock: any TimeSource
    let poller: Poller

    /// For work on this loop; touched by its thread only.
    public var random = FastRandom()
    var jobs = Deque<Work>()
    var timers = TimerHeap<any TimerTarget>()
    var sources: [any LoopSource] = []
    private(set) var isStopping = false
    private(set) var liveTasks = 0
    /// When the loop last woke: for limits that need no more than a turn's precision, and cost no clock
    /// reading.
    private(set) var turnStart = Instant.past
    /// Counts the turns: what happened in this one happened after its descriptors were asked.
    private(set) var turnNumber: UInt = 0
    private var lateness: (Double) -> Void = { _ in }

    let inbox = Mutex(Inbox())
    private let thread = Mutex<pthread_t?>(nil)
    /// Written once, by the loop's thread itself before it runs anything.
    private let threadNumber = Atomic<UInt>(0)

    enum Work {
        case job(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    struct Inbox {
        var work: [Work] = []
        var isAwake = false
    }

    /// - Parameter name: its thread's, of which the kernel keeps 15 bytes.
    /// - Throws: ``SystemError`` where the kernel has no descriptor left.
    public init(
        index: Int, name: String = "loop", clock: any TimeSource = SystemTime()
    ) throws(SystemError) {
        self.index = index
        self.name = "\(name)-\(index)"
        self.clock = clock
        poller = try Poller()
    }

    deinit {
        poller.close()
    }

    public var isCurrent: Bool {
        threadNumber.load(ordering: .relaxed) == UInt(pthread_self())
    }

    /// Has `report` told by how many seconds timers were late, on the loop's thread.
    public func reportLateness(to report: @escaping @Sendable (Double) -> Void) {
        execute { self.lateness = report }
    }

    public func now() -> Instant {
        clock.now()
    }

    /// Runs `work` on the loop's thread, soon; from the thread itself, after what is ready now.
    public func execute(_ work: @escaping @Sendable () -> Void) {
        submit(.closure(work))
    }

    /// Starts a task that stays on this thread. The loop does not stop before it has ended.
    @discardableResult
    public func spawn(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self) {
            self.liveTasks += 1
            await body()
            self.liveTasks -= 1
        }
    }

    // MARK: Life

    /// Starts the thread. Call once.
    public func start() throws(SystemError) {
        var handle = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let result = pthread_create(&handle, nil, eventLoopThread, context)
        guard result == 0 else {
            Unmanaged<EventLoop>.fromOpaque(context).release()
            throw SystemError("pthread_create", code: result)
        }
        thread.withLock { $0 = handle }
    }

    /// Asks the loop to end once its tasks have ended and its queues are empty; returns at once.
    public func stop() {
        execute { self.isStopping = true }
    }

    /// Waits for the thread to end. Not from the loop itself.
    public func join() {
        let handle = thread.withLock { handle in
            defer { handle = nil }
            return handle
        }
        guard let handle else { return }
        let result = pthread_join(handle, nil)
        precondition(result == 0, "the loop's thread was joined twice or joins itself")
    }

    func run() {
        threadNumber.store(UInt(pthread_self()), ordering: .relaxed)
        turnStart = clock.now()
        while !isFinished { turn() }
        sources.removeAll()
    }

    private var isFinished: Bool {
        isStopping && liveTasks == 0 && jobs.isEmpty && inbox.withLock { $0.work.isEmpty }
    }

    private func turn() {
        runJobs()
        if isFinished { return }
        let timeout = sleepTimeout()
        poller.wait(milliseconds: timeout)
        turnStart = clock.now()
        turnNumber &+= 1
        takeInbox()
        poller.dispatch()
        fireTimers()
    }

    // MARK: Work

    /// More jobs than this in one turn, and the sockets get their turn first.
    static let jobsPerTurnMax = 4096

    private func runJobs() {
        var budget = EventLoop.jobsPerTurnMax
        repeat {
            while budget > 0, let work = jobs.popFirst() {
                budget -= 1
                switch work {
                case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
                case .closure(let body): body()
                }
            }
            for source in sources { source.flush() }
        } while budget > 0 && !jobs.isEmpty
    }

    func submit(_ work: Work) {
        if isCurrent {
            jobs.append(work)
            return
        }
        let mustWake = inbox.withLock { inbox in
            inbox.work.append(work)
            defer { inbox.isAwake = true }
            return !inbox.isAwake
        }
        if mustWake { poller.wake() }
    }

    private func takeInbox() {
        guard poller.wasWoken() else { return }
        let work = inbox.withLock { inbox in
            var work: [Work] = []
            swap(&work, &inbox.work)
            inbox.isAwake = false
            return work
        }
        jobs.append(contentsOf: work)
    }

    // MARK: TaskExecutor

    public func enqueue(_ job: consuming ExecutorJob) {
        submit(.job(UnownedJob(job)))
    }

    // MARK: Timers

    /// For tests that must know that something waits. On the loop's thread only.
    package var armedTimers: Int { timers.count }

    /// Arms a timer. On the loop's thread only.
    func schedule(_ target: any TimerTarget, at deadline: Instant) -> TimerID {
        timers.insert(target, at: deadline)
    }

    /// Disarms a timer; without effect on one that has fired. On the loop's thread only.
    func cancel(_ timer: TimerID) {
        timers.remove(timer)
    }

    private func fireTimers() {
        guard let earliest = timers.earliest else { return }
        let now = turnStart
        guard earliest <= now else { return }
        lateness(now.seconds(since: earliest))
        while let due = timers.popDue(at: now) {
            due.payload.timerFired(at: now)
        }
    }

    /// Milliseconds to sleep, rounded up; -1 without a limit.
    private func sleepTimeout() -> Int32 {
        if !jobs.isEmpty { return 0 }
        var next = timers.earliest
        for source in sources {
            guard let wake = source.nextWake else { continue }
            next = min(next ?? wake, wake)
        }
        guard let next else { return -1 }
        let left = clock.now().duration(to: next).millisecondsRoundedUp
        return Int32(clamping: max(0, left))
    }
}

/// Something that must act before the loop sleeps: it has batched work, or a time of its own to wake at.
protocol LoopSource: AnyObject {
    /// Sends what the last jobs produced. Called each turn before sleeping, and again while that yields new
    /// jobs.
    func flush()
    /// When the loop must call `flush` even if nothing else happens.
    var nextWake: Instant? { get }
}

/// Told when a timer fires, on the loop's thread.
protocol TimerTarget: AnyObject {
    func timerFired(at now: Instant)
}

/// File-level, so that it inherits nobody's isolation: it runs on the new thread.
private func eventLoopThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let loop = Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue()
    let result = signalbox_name_thread(loop.name)
    assert(result == 0, "prctl: errno \(errno)")
    loop.run()
    return nil
}
