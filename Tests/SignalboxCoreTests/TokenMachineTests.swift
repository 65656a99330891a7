import SignalboxCore
import Testing

@Suite struct TokenMachineTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)
    private let wall = WallTime(nanosecondsSince1970: 1_750_000_000_000_000_000)
    private let refusal = UpstreamFailure(.keyRejected, message: "no", status: 401)
    private let mismatch = UpstreamFailure(.accessMissing, message: "another scope", status: 400)

    private func machine(bodies: Int = 1) -> TokenMachine {
        TokenMachine(bodyCount: bodies, usualLifetime: .seconds(1_800))
    }

    private func token(_ text: String, for seconds: Int64) -> TokenReply {
        let end = wall.nanosecondsSince1970 + seconds * 1_000_000_000
        return .token(Secret(text), expiresAt: WallTime(nanosecondsSince1970: end))
    }

    private func held(_ text: String, _ generation: Int) -> TokenMachine.Held {
        TokenMachine.Held(token: Secret(text), generation: generation)
    }

    @Test func `one asks, all others wait, then all use the same token`() {
        var machine = machine()
        #expect(machine.ask(at: start) == .fetch(body: 0))
        for _ in 0..<100 { #expect(machine.ask(at: start) == .wait) }
        #expect(machine.ended(token("a", for: 1_800), at: start, wall: wall) == .done)
        for _ in 0..<100 { #expect(machine.ask(at: start) == .use(held("a", 1))) }
    }

    @Test func `a token is replaced a minute before its end, while it is still used`() {
        var machine = machine()
        _ = machine.ask(at: start)
        _ = machine.ended(token("a", for: 1_800), at: start, wall: wall)
        #expect(machine.ask(at: start + .seconds(1_739)) == .use(held("a", 1)))
        #expect(machine.ask(at: start + .seconds(1_740)) == .useAndFetch(held("a", 1), body: 0))
        #expect(machine.ask(at: start + .seconds(1_741)) == .use(held("a", 1)))
        #expect(machine.ended(token("b", for: 1_800), at: start + .seconds(1_742), wall: wall) == .done)
        #expect(machine.ask(at: start + .seconds(1_743)) == .use(held("b", 2)))
    }

    @Test func `a token at its end is not used, though the next one is late`() {
        var machine = machine()
        _ = machine.ask(at: start)
        _ = machine.ended(token("a", for: 1_800), at: start, wall: wall)
        #expect(machine.ask(at: start + .seconds(1_793)) == .useAndFetch(held("a", 1), body: 0))
        #expect(machine.ask(at: start + .seconds(1_794)) == .wait)
    }

    @Test func `a refresh that fails leaves the token in use and the vendor alone for a while`() {
        var machine = machine()
        _ = machine.ask(at: start)
        _ = machine.ended(token("a", for: 1_800), at: start, wall: wall)
        let late = start + .seconds(1_740)
        _ = machine.ask(at: late)
        #expect(machine.ended(.failure(refusal), at: late, wall: wall) == .done)
        #expect(machine.ask(at: late + .milliseconds(999)) == .use(held("a", 1)))
        #expect(machine.ask(at: late + .seconds(1)) == .useAndFetch(held("a", 1), body: 0))
    }

    @Test func `a failure is everybody's until the pause is over, and pauses double up to a minute`() {
        var machine = machine()
        var now = start
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            #expect(machine.ask(at: now) == .fetch(body: 0))
            #expect(machine.ended(.failure(refusal), at: now, wall: wall) == .done)
            #expect(machine.ask(at: now) == .refuse(refusal))
            now = now + .seconds(seconds)
            #expect(machine.ask(at: now - .nanoseconds(1)) == .refuse(refusal))
        }
    }

    @Test func `the vendor's own wait counts where it is longer`() {
        var machine = machine()
        var failure = UpstreamFailure(.rateLimited, message: "slow down", status: 429)
        failure.retryAfter = .seconds(7)
        _ = machine.ask(at: start)
        _ = machine.ended(.failure(failure), at: start, wall: wall)
        #expect(machine.ask(at: start + .milliseconds(6_999)) == .refuse(failure))
        #expect(machine.ask(at: start + .seconds(7)) == .fetch(body: 0))
    }

    @Test func `a rejected token is replaced once, whoever else was rejected with it`() {
        var machine = machine()
        _ = machine.ask(at: start)
        _ = machine.ended(token("a", for: 1_800), at: start, wall: wall)
        #expect(machine.ask(at: start, rejected: (1, refusal)) == .fetch(body: 0))
        #expect(machine.ask(at: start, rejected: (1, refusal)) == .wait)
        _ = machine.ended(token("b", for: 1_800), at: start, wall: wall)
        #expect(machine.ask(at: start, rejected: (1, refusal)) == .use(held("b", 2)))
    }

    @Test func `a vendor that rejects what it gives out is asked once in ten seconds`() {
        var machine = machine()
        _ = machine.ask(at: start)
        _ = machine.ended(token("a", for: 1_800), at: start, wall: wall)
        _ = machine.ask(at: start, rejected: (1, refusal))
        _ = machine.ended(token("b", for: 1_800), at: start, wall: wall)
        #expect(machine.ask(at: start + .seconds(9), rejected: (2, refusal)) == .refuse(refusal))
        #expect(machine.ask(at: start + .seconds(10), rejected: (2, refusal)) == .fetch(body: 0))
    }

    @Test func `bodies are tried in turn, each once, and the one that works is remembered`() {
        var machine = machine(bodies: 3)
        #expect(machine.ask(at: start) == .fetch(body: 0))
        #expect(machine.ended(.otherBody(mismatch), at: start, wall: wall) == .fetch(body: 1))
        #expect(machine.ended(.otherBody(mismatch), at: start, wall: wall) == .fetch(body: 2))
        #expect(machine.ended(token("a", for: 2), at: start, wall: wall) == .done)
        #expect(machine.ask(at: start + .seconds(3)) == .fetch(body: 2))
        #expect(machine.ended(.otherBody(mismatch), at: start, wall: wall) == .fetch(body: 0))
        #expect(machine.ended(.otherBody(mismatch), at: start, wall: wall) == .fetch(body: 1))
        #expect(machine.ended(.otherBody(mismatch), at: start, wall: wall) == .done)
        #expect(machine.ask(at: start) == .refuse(mismatch))
    }

    @Test func `another failure than a mismatch ends the search`() {
        var machine = machine(bodies: 3)
        _ = machine.ask(at: start)
        #expect(machine.ended(.failure(refusal), at: start, wall: wall) == .done)
        #expect(machine.ask(at: start) == .refuse(refusal))
    }

    @Test(arguments: [nil, -100, 0])
    func `a token that has ended by the vendor's clock lasts as long as usual`(seconds: Int64?) {
        var machine = machine()
        _ = machine.ask(at: start)
        let reply = seconds.map { token("a", for: $0) } ?? .token(Secret("a"), expiresAt: nil)
        _ = machine.ended(reply, at: start, wall: wall)
        #expect(machine.ask(at: start + .seconds(1_739)) == .use(held("a", 1)))
        #expect(machine.ask(at: start + .seconds(1_740)) == .useAndFetch(held("a", 1), body: 0))
    }

    @Test func `requests for tokens keep their distance, and none waits longer than it may`() {
        var pace = TokenPace(interval: .milliseconds(125))
        #expect(pace.slot(at: start, within: .seconds(1)) == start)
        for count in 1...8 {
            #expect(pace.slot(at: start, within: .seconds(1)) == start + .milliseconds(125 * count))
        }
        #expect(pace.slot(at: start, within: .seconds(1)) == nil)
        #expect(pace.slot(at: start + .seconds(5), within: .seconds(1)) == start + .seconds(5))
    }
}

private func + (instant: Instant, duration: Duration) -> Instant { instant.advanced(by: duration) }
private func - (instant: Instant, duration: Duration) -> Instant {
    Instant(nanoseconds: instant.nanoseconds - duration.nanoseconds)
}
