import Signalbox
import SignalboxCore
import Testing

@Suite struct RoundPaceTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test func `checks begin at once while the minute has room for them`() {
        var pace = RoundPace(requestsPerMinute: 30)
        for _ in 0..<3 { #expect(pace.admit(10, at: start) == nil) }
        #expect(pace.admit(10, at: start) == start.advanced(by: .seconds(60)))
        #expect(pace.admit(10, at: start.advanced(by: .seconds(60))) == nil)
    }

    @Test func `what a check did not need is free again`() {
        var pace = RoundPace(requestsPerMinute: 10)
        #expect(pace.admit(10, at: start) == nil)
        let end = start.advanced(by: .seconds(1))
        pace.settle(10, as: 1, from: start, at: end)
        #expect(pace.admit(10, at: end) == end.advanced(by: .seconds(60)))
        #expect(pace.admit(9, at: end) == nil)
    }

    @Test func `a check that is larger than the limit goes alone`() {
        var pace = RoundPace(requestsPerMinute: 1)
        #expect(pace.admit(10, at: start) == nil)
        pace.settle(10, as: 2, from: start, at: start)
        #expect(pace.admit(10, at: start.advanced(by: .seconds(59))) != nil)
        #expect(pace.admit(10, at: start.advanced(by: .seconds(60))) == nil)
    }

    @Test func `no minute sees more requests than the limit`() {
        var pace = RoundPace(requestsPerMinute: 20)
        var (now, made) = (start, [Instant]())
        for _ in 0..<200 {
            while let later = pace.admit(10, at: now) { now = later }
            let end = now.advanced(by: .milliseconds(300))
            pace.settle(10, as: 3, from: now, at: end)
            made += [now, now, end]
            now = end
        }
        for moment in made {
            let window = made.filter { moment <= $0 && $0 < moment.advanced(by: .seconds(60)) }
            #expect(window.count <= 20)
        }
    }
}
