import DequeModule

/// Hands out the places of deliveries in flight, in fair turn. Pure.
///
///     idle ──ask──▶ in line ──next──▶ in flight ──leave──▶ idle
///
/// An endpoint stands in line once at a time, so that for its next place it waits behind all others. Those
/// whose last delivery failed have a line of their own and together never more than half of the places: a
/// receiver that hangs keeps its place until its time limit, and a hundred of them must not delay the others.
struct DeliveryTurns<Job: Sendable>: Sendable {
    var placesMax: Int
    private(set) var taken = 0
    private var takenByFailing = 0
    private var healthy = Deque<Job>()
    private var failing = Deque<Job>()
    /// Who goes first when both lines have somebody.
    private var isFailingNext = false

    /// One that got a place, and in which line it had stood.
    struct Place: Sendable {
        let job: Job
        fileprivate let isFailing: Bool
    }

    /// - Parameter placesMax: at least 1; it may change while places are taken.
    init(placesMax: Int) {
        precondition(placesMax >= 1, "somebody must have a place")
        self.placesMax = placesMax
    }

    private var failingMax: Int { max(1, placesMax / 2) }
    var waiting: Int { healthy.count + failing.count }

    mutating func ask(_ job: Job, isFailing: Bool) {
        if isFailing { failing.append(job) } else { healthy.append(job) }
    }

    /// Whose turn it is; nil where nobody waits who may have a place now.
    mutating func next() -> Place? {
        guard taken < placesMax else { return nil }
        let mayFailing = !failing.isEmpty && takenByFailing < failingMax
        if mayFailing, isFailingNext || healthy.isEmpty, let job = failing.popFirst() {
            isFailingNext = false
            taken += 1
            takenByFailing += 1
            return Place(job: job, isFailing: true)
        }
        guard let job = healthy.popFirst() else { return nil }
        isFailingNext = true
        taken += 1
        return Place(job: job, isFailing: false)
    }

    mutating func leave(_ place: Place) {
        taken -= 1
        if place.isFailing { takenByFailing -= 1 }
        precondition(taken >= 0 && takenByFailing >= 0, "a place is left once")
    }
}
