import SignalboxCore
import SignalboxHTTP
import SignalboxRouting
import SignalboxTelemetry
import Synchronization

/// Where requests wait that found every candidate at a limit of ours; one for a router, for all its loops.
///
/// Only the head of a line may try to be admitted. It is woken when it becomes the head and whenever capacity
/// came back; once it leaves, admitted or not, the next head is woken to try as well. So what one ring makes
/// room for is handed on until a head finds no more. The lock lasts one call of ``WaitingLines``; who must be
/// woken is, on a loop of its own.
final class WaitingRoom: Sendable {
    struct Settings: Sendable, Equatable {
        /// In all lines together: 0 (nobody ever waits) to 100,000.
        var waitersMax = 1_000
        /// The longest that anybody waits.
        var wait: Duration = .seconds(10)
        /// What one class of priority is worth in waiting time.
        var aging: Duration = .seconds(5)
    }

    private struct State {
        var lines: WaitingLines
        var settings: Settings
        var bells: [WaiterID: Bell] = [:]
        /// By provider number.
        var depths: [Int: QueueDepths]
        var joins: UInt64 = 0
    }

    private let state: Mutex<State>
    /// How many wait, for those who ask without the lock.
    private let waiters = Atomic<Int>(0)
    private let metrics: WaitMetrics

    /// - Parameter depths: by the providers' numbers.
    init(_ settings: Settings, depths: [Int: QueueDepths], registry: MetricRegistry) {
        metrics = WaitMetrics(registry)
        let lines = WaitingLines(waitersMax: settings.waitersMax, aging: settings.aging)
        state = Mutex(State(lines: lines, settings: settings, depths: depths))
    }

    /// Takes other settings and providers; who waits already keeps its place, and waits as long as it was
    /// told.
    /// - Parameter depths: by the providers' numbers. As long as anybody may wait for it, a number stays its
    ///   provider's.
    func adopt(_ settings: Settings, depths: [Int: QueueDepths]) {
        state.withLock { state in
            state.settings = settings
            state.lines.waitersMax = settings.waitersMax
            state.lines.aging = settings.aging
            state.depths = depths
        }
    }

    /// Whether somebody waits for `provider`: then who comes now does not try, but joins. One relaxed load
    /// when nobody waits for anything.
    func hasWaiters(for provider: Int) -> Bool {
        guard waiters.load(ordering: .relaxed) > 0 else { return false }
        return state.withLock { $0.lines.head(of: provider) != nil }
    }

    /// Joins the lines of `providers`. On `loop`'s thread.
    ///
    /// Who finds itself at the head is told to try by its first turn: capacity that came back before it had
    /// joined woke somebody else, or nobody.
    /// - Parameters:
    ///   - providers: numbers, one at least, none twice; the first is where the metrics count it.
    ///   - canceller: who gives the wait up: the task that waits, by being cancelled, or the place's owner
    ///     through ``WaitingPlace/cancel()``.
    /// - Returns: Nil where as many as allowed wait.
    func join(
        _ providers: [Int], priority: RequestPriority, on loop: EventLoop,
        cancelledBy canceller: IncomingReply.Canceller
    ) -> WaitingPlace? {
        let now = loop.now()
        let bell = Bell(on: loop, cancelledBy: canceller)
        let admitted = state.withLock { state -> (id: WaiterID, wait: Duration, depth: Gauge?)? in
            let id = WaiterID(state.joins)
            guard state.lines.join(id, providers, priority: priority, at: now) else { return nil }
            state.joins += 1
            state.bells[id] = bell
            waiters.store(state.lines.count, ordering: .relaxed)
            return (id, state.settings.wait, state.depths[providers[0]]?[priority])
        }
        guard let admitted else {
            metrics.rejected(.full)
            return nil
        }
        bell.ring()
        return WaitingPlace(
            admitted.id, in: self, bell, on: loop, since: now, until: now.advanced(by: admitted.wait),
            priority, depth: admitted.depth)
    }

    /// Capacity came back at `provider`: its line's head is to try. From any thread; one relaxed load when
    /// nobody waits.
    ///
    /// To be called after the capacity can be seen by who tries. Then nobody is overlooked: a waiter counts
    /// itself before it tries, and both sides pass through the lock that guards the capacity. Whichever is
    /// second there sees the other.
    func freed(_ provider: Int) {
        guard waiters.load(ordering: .relaxed) > 0 else { return }
        let bell = state.withLock { state in state.lines.head(of: provider).flatMap { state.bells[$0] } }
        bell?.ring()
    }

    /// How many wait, for whatever.
    var count: Int { waiters.load(ordering: .relaxed) }

    /// How many wait for `provider`, those included that others could serve, too.
    func depth(of provider: Int, _ priority: RequestPriority) -> Int {
        state.withLock { $0.lines.depth(of: provider, priority) }
    }

    // MARK: For places

    fileprivate func isHead(_ id: WaiterID) -> Bool {
        state.withLock { $0.lines.isHead(id) }
    }

    fileprivate func isHead(_ id: WaiterID, of provider: Int) -> Bool {
        state.withLock { $0.lines.isHead(id, of: provider) }
    }

    fileprivate func leave(_ id: WaiterID, lineOf provider: Int) {
        let bell = state.withLock { state in
            state.lines.leave(id, lineOf: provider).flatMap { state.bells[$0] }
        }
        bell?.ring()
    }

    fileprivate func leave(_ id: WaiterID) {
        let heads = state.withLock { state in
            let heads = state.lines.leave(id).compactMap { state.bells[$0] }
            state.bells[id] = nil
            state.bells.shrinkWhereSparse()
            waiters.store(state.lines.count, ordering: .relaxed)
            return heads
        }
        for bell in heads { bell.ring() }
    }

    fileprivate func ended(_ ending: WaitEnding, _ priority: RequestPriority, after seconds: Double) {
        metrics.ended(ending, priority, after: seconds)
    }
}

/// How a wait in line ended.
enum WaitEnding: Sendable {
    /// It was admitted somewhere.
    case served
    /// It waited as long as it was allowed to.
    case late
    /// The client has left, or there was nothing left to wait for.
    case givenUp
}

/// One request's place in line, from ``WaitingRoom/join(_:priority:on:cancelledBy:)`` until ``leave(_:)``.
/// Confined to its loop's thread.
final class WaitingPlace: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    enum Turn: Sendable, Equatable {
        /// It is the head of a line, and became it, or capacity came back there.
        case `try`
        /// The moment has passed.
        case late
        case cancelled
    }

    /// The end of its patience, by the settings when it joined.
    let waitsUntil: Instant
    private let id: WaiterID
    private let room: WaitingRoom
    private let bell: Bell
    private let loop: EventLoop
    private let joinedAt: Instant
    private let priority: RequestPriority
    private let depth: Gauge?
    private var hasLeft = false

    fileprivate init(
        _ id: WaiterID, in room: WaitingRoom, _ bell: Bell, on loop: EventLoop, since joinedAt: Instant,
        until waitsUntil: Instant, _ priority: RequestPriority, depth: Gauge?
    ) {
        self.id = id
        self.room = room
        self.bell = bell
        self.loop = loop
        self.joinedAt = joinedAt
        self.waitsUntil = waitsUntil
        self.priority = priority
        self.depth = depth
        depth?.increment()
    }

    deinit {
        guard !hasLeft else { return }
        assertionFailure("who waits in line leaves it")
        // A head that never leaves would hold up everybody behind it.
        room.leave(id)
        depth?.decrement()
    }

    /// Waits for its turn to try, until `moment` at most: the end of its patience or of its deadline, or
    /// sooner where it is known when a rate window admits again. ``Turn/late`` then means to try as well.
    func turn(until moment: Instant) async -> Turn {
        while true {
            switch await bell.wait(until: moment) {
            // Somebody more urgent may have come to the front since; it then tries.
            case .rung: if room.isHead(id) { return .try }
            case .late: return .late
            case .cancelled: return .cancelled
            }
        }
    }

    /// Whether it may try at `provider`.
    func isHead(of provider: Int) -> Bool {
        room.isHead(id, of: provider)
    }

    /// Waits for `provider` no longer: it cannot serve this request any more, and others behind it may be
    /// served there.
    func giveUp(_ provider: Int) {
        room.leave(id, lineOf: provider)
    }

    /// Leaves all lines; those who become their heads are woken. A second time without effect.
    func leave(_ ending: WaitEnding = .served) {
        guard !hasLeft else { return }
        hasLeft = true
        room.leave(id)
        depth?.decrement()
        room.ended(ending, priority, after: loop.now().seconds(since: joinedAt))
    }

    /// The client has left: every turn from now on is ``Turn/cancelled``. The place has still to be left.
    func cancel() {
        bell.cancel()
    }
}
