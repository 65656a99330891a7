import SignalboxCore

/// Adds up what the recent past brought, in slots of equal width that begin at whole multiples of it.
///
/// An amount leaves when its slot has come round again: after more than `slots - 1` widths, and no more than
/// `slots`. Each verb is told the time through ``advance(to:)``, which never goes back.
struct RollingSum: Sendable {
    private(set) var sum = 0
    /// Of the newest ``recentSlots``, the one of now included.
    private(set) var recent = 0
    static let recentSlots = 15
    private var slots: [Int]
    private let width: Int64
    /// The slot of now, counted from the clock's start, and where it is kept.
    private var newest: Int64 = 0
    private var newestEnds: Int64
    private var place = 0

    init(slots count: Int, width: Duration) {
        precondition(count > Self.recentSlots && width.nanoseconds > 0, "slots of some width")
        slots = Array(repeating: 0, count: count)
        self.width = width.nanoseconds
        newestEnds = self.width
    }

    mutating func advance(to now: Instant) {
        if now.nanoseconds >= newestEnds { turn(to: now) }
    }

    private mutating func turn(to now: Instant) {
        let number = now.nanoseconds / width
        if number - newest >= slots.count {
            clear()
        } else {
            for _ in newest..<number {
                place = place + 1 == slots.count ? 0 : place + 1
                sum -= slots[place]
                slots[place] = 0
                recent -= slots[index(ofAge: Self.recentSlots)]
            }
        }
        newest = number
        newestEnds = (number + 1) * width
    }

    mutating func clear() {
        guard sum != 0 else { return }
        for place in slots.indices { slots[place] = 0 }
        sum = 0
        recent = 0
    }

    /// Adds to the slot of now.
    mutating func add(_ amount: Int) {
        slots[place] += amount
        sum += amount
        recent += amount
    }

    /// Changes by `difference` what was added at `past`, unless that has left.
    mutating func correct(_ difference: Int, at past: Instant) {
        let age = past.nanoseconds >= newestEnds - width ? 0 : newest - past.nanoseconds / width
        guard age < slots.count else { return }
        slots[index(ofAge: Int(age))] += difference
        sum += difference
        if age < Self.recentSlots { recent += difference }
    }

    private func index(ofAge age: Int) -> Int {
        age <= place ? place - age : place - age + slots.count
    }

    /// When at least so much of the sum, which has it, will have left.
    func departure(of amount: Int) -> Instant {
        precondition(0 < amount && amount <= sum, "only what is there can leave")
        var left = 0
        var age = slots.count
        var index = place
        repeat {
            age -= 1
            index = index + 1 == slots.count ? 0 : index + 1
            left += slots[index]
        } while left < amount
        return Instant(nanoseconds: (newest - Int64(age) + Int64(slots.count)) * width)
    }
}
