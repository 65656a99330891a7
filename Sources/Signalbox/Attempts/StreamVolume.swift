/// How much a stream has brought, for guessing its tokens where nobody counts them.
struct StreamVolume {
    private var events = 0
    private var bytes = 0
    private var smallest = Int.max

    mutating func add(event size: Int) {
        events += 1
        bytes += size
        if size < smallest { smallest = size }
    }

    /// A whole answer, whose frame is of about the size that vendors' are.
    mutating func add(answer size: Int) {
        add(event: StreamVolume.frameBytes)
        bytes += max(0, size - StreamVolume.frameBytes)
    }

    /// What vendors put around an answer.
    private static let frameBytes = 300

    /// Most vendors send an event a token. Where events are larger than the smallest one, which is hardly
    /// more than its frame, four bytes count as one.
    var tokens: Int {
        events == 0 ? 0 : max(events, (bytes - events * smallest) / 4)
    }
}
