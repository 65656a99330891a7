public import SignalboxCore

/// Who waits for which provider, and in which order: one line for each provider, and a waiter stands in the
/// lines of all that could serve it.
///
/// A line is ordered by arrival, where each class of priority below critical counts as having arrived one
/// `aging` later. That order never changes while one waits, so nothing is ever sorted again, and nobody
/// starves: a low request goes before every critical one that came three times `aging` after it.
///
/// It is asked and told; it reads no clock and wakes nobody. Joining and leaving cost O(log n), amortised,
/// for each line; memory is bounded by a constant for each waiter that is there now.
public struct WaitingLines: Sendable {
    /// In all lines together; a waiter counts once. Fewer than wait already: nobody is sent away, nobody
    /// joins.
    public var waitersMax: Int
    /// What one class of priority is worth in waiting time. Those who wait keep their places when it changes.
    public var aging: Duration

    private struct Waiter {
        var priority: RequestPriority
        var providers: [Int]
    }

    /// By provider number.
    private var lines: [WaitingLine] = []
    private var waiters: [WaiterID: Waiter] = [:]
    /// So far: settles who is first of two that came at the same moment.
    private var arrivals: UInt64 = 0

    public init(waitersMax: Int, aging: Duration) {
        precondition(waitersMax >= 0 && aging >= .zero, "neither is negative")
        self.waitersMax = waitersMax
        self.aging = aging
    }

    /// How many wait.
    public var count: Int { waiters.count }

    /// Puts a waiter in the lines of `providers`.
    /// - Parameters:
    ///   - id: of nobody who waits now.
    ///   - providers: numbers from 0, one at least, none twice. A line is kept for every number below the
    ///     highest.
    /// - Returns: False where as many as allowed wait.
    public mutating func join(
        _ id: WaiterID, _ providers: [Int], priority: RequestPriority, at now: Instant
    ) -> Bool {
        precondition(!providers.isEmpty, "a waiter waits for somebody")
        precondition(waiters[id] == nil, "a waiter joins once")
        guard waiters.count < waitersMax else { return false }
        let place = WaitingLine.Place(
            order: now.advanced(by: aging * priority.rank), arrival: arrivals, id: id)
        arrivals += 1
        waiters[id] = Waiter(priority: priority, providers: providers)
        for provider in providers {
            while lines.count <= provider { lines.append(WaitingLine()) }
            lines[provider].add(place, priority)
        }
        return true
    }

    /// Takes a waiter out of all its lines; without effect on who is in none.
    /// - Returns: Who became the head of a line by it, each once.
    public mutating func leave(_ id: WaiterID) -> [WaiterID] {
        guard let waiter = waiters.removeValue(forKey: id) else { return [] }
        waiters.shrinkWhereSparse()
        var heads: [WaiterID] = []
        for provider in waiter.providers {
            guard let head = removed(id, from: provider, waiter.priority), !heads.contains(head) else {
                continue
            }
            heads.append(head)
        }
        return heads
    }

    /// Takes a waiter out of one line: that provider cannot serve it any more. It may be in none then, and
    /// still has to leave.
    /// - Returns: Who became the head of that line by it.
    public mutating func leave(_ id: WaiterID, lineOf provider: Int) -> WaiterID? {
        guard var waiter = waiters[id], let index = waiter.providers.firstIndex(of: provider) else {
            return nil
        }
        waiter.providers.remove(at: index)
        waiters[id] = waiter
        return removed(id, from: provider, waiter.priority)
    }

    /// Who is first in a provider's line.
    public func head(of provider: Int) -> WaiterID? {
        provider < lines.count ? lines[provider].head : nil
    }

    public func isHead(_ id: WaiterID, of provider: Int) -> Bool {
        head(of: provider) == id
    }

    /// Whether a waiter is the head of any line.
    public func isHead(_ id: WaiterID) -> Bool {
        waiters[id]?.providers.contains { isHead(id, of: $0) } ?? false
    }

    /// How many stand in a provider's line.
    public func depth(of provider: Int, _ priority: RequestPriority) -> Int {
        provider < lines.count ? lines[provider].depths[priority.rank] : 0
    }

    /// The new head, where `id` was the head before.
    private mutating func removed(
        _ id: WaiterID, from provider: Int, _ priority: RequestPriority
    ) -> WaiterID? {
        let waiters = waiters
        return lines[provider].remove(id, priority) { waiters[$0]?.providers.contains(provider) ?? false }
    }

    /// For tests: entries that the lines keep, those of waiters who have left included.
    var entriesKept: Int { lines.reduce(0) { $0 + $1.entriesKept } }
}

/// Names one waiter for as long as it waits.
public struct WaiterID: Sendable, Hashable {
    public var number: UInt64

    public init(_ number: UInt64) {
        self.number = number
    }
}
