public import SignalboxCore

/// Where a session's last answer came from: numbers that are the same as long as the process lives.
public struct AffinityTarget: Sendable, Hashable {
    public var provider: Int
    /// Among the provider's models.
    public var model: Int

    public init(provider: Int, model: Int) {
        self.provider = provider
        self.model = model
    }
}

/// Whose session it is, as 64 bits: seeded anew in every process, so that nobody can choose ids that collide,
/// and no id is kept.
public struct SessionKey: Sendable, Hashable {
    let bits: UInt64

    public init(tenant: String, route: String, session: String) {
        var hasher = Hasher()
        hasher.combine(tenant)
        hasher.combine(route)
        hasher.combine(session)
        bits = UInt64(truncatingIfNeeded: hasher.finalize())
    }

    init(bits: UInt64) {
        self.bits = bits
    }
}

/// Remembers which target sessions have stayed with: so many of them, and so long after their last request.
///
/// Every use makes a session the youngest, so that the order of use is the order of expiry too: one doubly
/// linked list through an array of slots, oldest to youngest, serves both. Each verb takes constant time.
public struct AffinityTable: Sendable {
    private struct Slot {
        var key: SessionKey
        var target: AffinityTarget
        var expires: Instant
        var older: Int32
        var younger: Int32
    }

    public let sessionsMax: Int
    public let timeToLive: Duration
    /// Sessions that made room for others before their time, ever.
    public private(set) var evictions = 0
    private var places: [SessionKey: Int32] = [:]
    private var slots: [Slot] = []
    private var freeSlots: [Int32] = []
    private var oldest: Int32 = none
    private var youngest: Int32 = none

    private static let none: Int32 = -1
    /// Expired sessions that one verb clears away: more than it can add.
    private static let clearedAtOnce = 2

    public init(sessionsMax: Int = 100_000, timeToLive: Duration = .seconds(3600)) {
        precondition((1...Int(Int32.max)).contains(sessionsMax), "from one session to 2³¹ − 1")
        precondition(timeToLive > .zero, "sessions last a while")
        self.sessionsMax = sessionsMax
        self.timeToLive = timeToLive
    }

    /// Sessions that are kept; expired ones count until they are cleared away.
    public var count: Int { places.count }

    /// The session's target, whose time starts anew; nil if it has none, or its time is over.
    public mutating func target(of key: SessionKey, at now: Instant) -> AffinityTarget? {
        clearExpired(at: now)
        guard let place = places[key] else { return nil }
        guard slots[Int(place)].expires > now else {
            remove(place)
            return nil
        }
        touch(place, at: now)
        return slots[Int(place)].target
    }

    /// The session stays with this target from now on. If there are too many, the one that was used least
    /// recently is forgotten.
    public mutating func remember(_ key: SessionKey, _ target: AffinityTarget, at now: Instant) {
        clearExpired(at: now)
        if let place = places[key] {
            slots[Int(place)].target = target
            touch(place, at: now)
            return
        }
        if places.count == sessionsMax {
            remove(oldest)
            evictions += 1
        }
        let slot = Slot(
            key: key, target: target, expires: now.advanced(by: timeToLive), older: AffinityTable.none,
            younger: AffinityTable.none)
        let place: Int32
        if let free = freeSlots.popLast() {
            place = free
            slots[Int(free)] = slot
        } else {
            place = Int32(slots.count)
            slots.append(slot)
        }
        places[key] = place
        link(place)
    }

    public mutating func forget(_ key: SessionKey) {
        if let place = places[key] { remove(place) }
    }

    private mutating func clearExpired(at now: Instant) {
        for _ in 0..<AffinityTable.clearedAtOnce {
            guard oldest != AffinityTable.none, slots[Int(oldest)].expires <= now else { return }
            remove(oldest)
        }
    }

    private mutating func touch(_ place: Int32, at now: Instant) {
        slots[Int(place)].expires = now.advanced(by: timeToLive)
        guard place != youngest else { return }
        unlink(place)
        link(place)
    }

    private mutating func remove(_ place: Int32) {
        places[slots[Int(place)].key] = nil
        unlink(place)
        freeSlots.append(place)
    }

    /// As the youngest.
    private mutating func link(_ place: Int32) {
        slots[Int(place)].older = youngest
        slots[Int(place)].younger = AffinityTable.none
        if youngest == AffinityTable.none {
            oldest = place
        } else {
            slots[Int(youngest)].younger = place
        }
        youngest = place
    }

    private mutating func unlink(_ place: Int32) {
        let slot = slots[Int(place)]
        if slot.older == AffinityTable.none {
            oldest = slot.younger
        } else {
            slots[Int(slot.older)].younger = slot.younger
        }
        if slot.younger == AffinityTable.none {
            youngest = slot.older
        } else {
            slots[Int(slot.younger)].older = slot.older
        }
    }
}
