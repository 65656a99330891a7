import SignalboxCore
import SignalboxTelemetry
import SignalboxTesting
import Testing

@Suite struct ExportScheduleTests {
    private let clock = ManualClock()
    private var schedule: ExportSchedule

    init() {
        schedule = ExportSchedule(batchMax: 10, delay: .seconds(5), at: clock.now())
    }

    @Test func `a full batch is due at once`() {
        #expect(schedule.due(waiting: 10, at: clock.now()) == .now)
        #expect(schedule.due(waiting: 11, at: clock.now()) == .now)
    }

    @Test func `fewer wait until the delay since the last batch is over`() {
        let end = clock.now().advanced(by: .seconds(5))
        #expect(schedule.due(waiting: 9, at: clock.now()) == .at(end))
        clock.advance(by: .seconds(5))
        #expect(schedule.due(waiting: 1, at: clock.now()) == .now)
    }

    @Test mutating func `each batch begins the delay anew`() {
        clock.advance(by: .seconds(3))
        schedule.exported(at: clock.now())
        clock.advance(by: .seconds(4))
        #expect(schedule.due(waiting: 1, at: clock.now()) == .at(clock.now().advanced(by: .seconds(1))))
    }

    @Test func `nothing is never due, and no record waits longer than the delay`() {
        clock.advance(by: .seconds(60))
        #expect(schedule.due(waiting: 0, at: clock.now()) == .at(clock.now().advanced(by: .seconds(5))))
    }

    @Test mutating func `once it drains, what waits is due at once and then it ends`() {
        schedule.drain()
        #expect(schedule.due(waiting: 1, at: clock.now()) == .now)
        schedule.exported(at: clock.now())
        #expect(schedule.due(waiting: 1, at: clock.now()) == .now)
        #expect(schedule.due(waiting: 0, at: clock.now()) == .ended)
    }
}
