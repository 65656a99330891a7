import SignalboxCore
import Testing

@testable import SignalboxStore
@testable import SignalboxUsage

@Suite struct EndpointAgendaTests {
    private let now = WallTime(nanosecondsSince1970: 1_767_225_600_000_000_000)

    /// A delivery that is due in so many seconds.
    private func delivery(_ id: String, in seconds: Int64, attempts: Int = 1) -> Delivery.Header {
        Delivery.Header(
            id: id, endpoint: "t1", tenant: "t1", first: 1, last: 1, records: 1, bytes: 1, note: "records",
            state: .pending, attempts: attempts, created: now,
            next: now.advanced(by: .seconds(seconds)))
    }

    private func step(
        _ pending: [Delivery.Header] = [], concurrency: Int = 1, inFlight: Set<String> = [],
        freezing: Int = 0, hasRecords: Bool = true, ripensIn seconds: Int64? = nil
    ) -> EndpointAgenda.Step {
        EndpointAgenda(
            concurrency: concurrency, pending: pending, inFlight: inFlight, freezing: freezing,
            hasRecords: hasRecords, pauseMax: .seconds(100),
            ripens: seconds.map { now.advanced(by: .seconds($0)) }
        ).next(at: now)
    }

    private func later(_ seconds: Int64) -> EndpointAgenda.Step {
        .wait(until: now.advanced(by: .seconds(seconds)))
    }

    @Test func `records are frozen once they are ripe, and nothing is done without any`() {
        #expect(step() == .freeze)
        #expect(step(ripensIn: 0) == .freeze)
        #expect(step(ripensIn: 1) == later(1))
        #expect(step(hasRecords: false) == .idle)
    }

    @Test func `with one at a time the first delivery is waited for, whatever else is due`() {
        let first = delivery("a", in: 50)
        #expect(step([first, delivery("b", in: 0)]) == later(50))
        #expect(step([delivery("b", in: 0), first]) == .send(delivery("b", in: 0)))
        #expect(step([first], inFlight: ["a"]) == .idle)
        #expect(step([], freezing: 1) == .idle)
    }

    @Test func `with several at a time what is due is sent, and no more is frozen than may be pending`() {
        let (late, due) = (delivery("a", in: 50), delivery("b", in: 0))
        #expect(step([late, due], concurrency: 2) == .send(due))
        #expect(step([late], concurrency: 2) == .freeze)
        #expect(step([late], concurrency: 2, ripensIn: 5) == later(5))
        #expect(step([late], concurrency: 2, ripensIn: 60) == later(50))
        #expect(step([late, due], concurrency: 2, inFlight: ["b"]) == later(50))
        #expect(step([late], concurrency: 2, freezing: 1) == later(50))
        #expect(step([], concurrency: 8, freezing: 1) == .idle, "one freezes at a time")
        #expect(step([late], concurrency: 2, inFlight: ["x", "y"]) == .idle)
    }

    @Test func `what is being frozen is not sent by anybody else, though the store may have it already`() {
        let (fresh, tried) = (delivery("a", in: 0, attempts: 0), delivery("b", in: 0))
        #expect(step([fresh], concurrency: 2, freezing: 1) == .idle)
        #expect(step([fresh, tried], concurrency: 3, freezing: 1) == .send(tried))
        #expect(step([fresh], concurrency: 2) == .send(fresh), "a process before this one may have frozen it")
    }

    @Test func `what is due later than any pause is due: the clock was set back`() {
        #expect(step([delivery("a", in: 100)]) == later(100))
        #expect(step([delivery("a", in: 101)]) == .send(delivery("a", in: 101)))
        #expect(step([delivery("a", in: 101)], concurrency: 2) == .send(delivery("a", in: 101)))
    }
}
