import SignalboxCore
import SignalboxRouting
import Testing

/// One provider with two keys, a and b, and two models, as places 0 and 1 of each.
struct StandingDesk {
    var standing: ProviderStanding
    var now = dawn

    init(_ settings: StandingSettings = StandingSettings()) {
        standing = ProviderStanding(settings)
        let keys = [KeyIdentity(alias: "a", fingerprint: 1), KeyIdentity(alias: "b", fingerprint: 2)]
        let places = standing.adopt(settings, keys: keys, models: ["m", "n"], at: dawn)
        #expect(places == Places(keys: [0, 1], models: [0, 1]))
    }

    mutating func wait(_ duration: Duration) { now = now.advanced(by: duration) }

    mutating func admit(key: Int = 0, model: Int = 0, tokens: Int = 0) -> Admission {
        standing.admit(key: key, model: model, tokens: tokens, at: now)
    }

    mutating func peek(key: Int = 0, model: Int = 0, tokens: Int = 0) -> Outlook {
        standing.peek(key: key, model: model, tokens: tokens, at: now)
    }

    mutating func ticket(key: Int = 0, model: Int = 0, tokens: Int = 0) throws -> Ticket {
        let admission = admit(key: key, model: model, tokens: tokens)
        guard case .open(let ticket) = admission else { throw Refused(admission: admission) }
        return ticket
    }

    struct Refused: Error { let admission: Admission }

    mutating func settle(_ ticket: Ticket, _ ending: AttemptEnding = AttemptEnding()) -> [StandingChange] {
        standing.settle(ticket, ending, at: now)
    }

    /// One attempt, which ends so at once.
    @discardableResult
    mutating func attempt(
        key: Int = 0, model: Int = 0, _ ending: AttemptEnding = AttemptEnding()
    ) throws -> [StandingChange] {
        let ticket = try ticket(key: key, model: model)
        return settle(ticket, ending)
    }

    @discardableResult
    mutating func fail(
        _ kind: FailureKind, key: Int = 0, model: Int = 0, times: Int = 1
    ) throws -> [StandingChange] {
        var changes: [StandingChange] = []
        for _ in 0..<times { changes += try attempt(key: key, model: model, AttemptEnding(failure: kind)) }
        return changes
    }
}

@Suite struct ProviderStandingTests {
    static let breakerFailures: [FailureKind] = [
        .unreachable, .timeout(.connect), .timeout(.idle), .overloaded, .malformedReply, .interrupted,
    ]

    @Test(arguments: FailureKind.all)
    func `only what the provider fails at is a failure for its breaker and its key's`(kind: FailureKind)
        throws
    {
        var settings = StandingSettings(keyRecheck: .nanoseconds(1))
        settings.breaker.failures = 3
        var desk = StandingDesk(settings)
        var changes: [StandingChange] = []
        for _ in 0..<3 {
            changes += try desk.fail(kind)
            // Past any rest and re-check.
            desk.wait(.seconds(61))
        }
        let opens = changes.filter {
            $0 == .providerBreaker(to: .open) || $0 == .keyBreaker(key: 0, to: .open)
        }
        #expect(opens.count == (Self.breakerFailures.contains { $0.label == kind.label } ? 2 : 0))
    }

    @Test(
        arguments: FailureKind.all.filter { kind in
            !breakerFailures.contains { $0.label == kind.label }
        })
    func `what is neither a failure nor a success leaves a row of failures as it is`(kind: FailureKind) throws
    {
        var settings = StandingSettings(keyRecheck: .nanoseconds(1))
        settings.breaker.failures = 3
        var desk = StandingDesk(settings)
        try desk.fail(.overloaded, times: 2)
        try desk.fail(kind)
        desk.wait(.seconds(2))
        #expect(try desk.fail(.overloaded).contains(.providerBreaker(to: .open)))
    }

    @Test func `a key's breaker counts what that key met, the provider's what all met`() throws {
        var settings = StandingSettings()
        settings.breaker.failures = 3
        var desk = StandingDesk(settings)
        for _ in 0..<2 {
            #expect(try desk.fail(.overloaded, key: 0) == [])
            try desk.attempt(key: 1)
        }
        #expect(try desk.fail(.overloaded, key: 0).contains(.keyBreaker(key: 0, to: .open)))
        #expect(desk.peek(key: 0) == .out(.breaker))
        #expect(desk.peek(key: 1) == .open)
        #expect(try desk.fail(.overloaded, key: 1) == [])
        #expect(try desk.fail(.overloaded, key: 1) == [.providerBreaker(to: .open)])
        #expect(desk.peek(key: 1) == .out(.breaker))
    }

    @Test func `a breaker's way back is told: the probe by its ticket, the rest by what it settles`() throws {
        var settings = StandingSettings()
        (settings.breaker.failures, settings.breaker.successes) = (1, 1)
        var desk = StandingDesk(settings)
        let broken = try desk.fail(.unreachable)
        #expect(broken == [.providerBreaker(to: .open), .keyBreaker(key: 0, to: .open)])
        desk.wait(.seconds(5))
        let probe = try desk.ticket()
        #expect(probe.isProviderProbe && probe.isKeyProbe)
        #expect(desk.admit() == .out(.breaker))
        #expect(desk.admit(key: 1) == .out(.breaker))
        let mended = desk.settle(probe)
        #expect(mended == [.providerBreaker(to: .closed), .keyBreaker(key: 0, to: .closed)])
    }

    @Test(arguments: [FailureKind.cancelled, .rateLimited, .keyRejected, .invalidRequest])
    func `a probe that tells nothing of the provider gives its turn to the next`(kind: FailureKind) throws {
        var settings = StandingSettings()
        settings.breaker.failures = 1
        var desk = StandingDesk(settings)
        try desk.fail(.unreachable)
        desk.wait(.seconds(5))
        let probe = try desk.ticket()
        _ = desk.settle(probe, AttemptEnding(failure: kind))
        #expect(try desk.ticket(key: 1).isProviderProbe)
    }

    @Test func `a released ticket was never there, probe or not`() throws {
        var settings = StandingSettings(
            limits: .init(requestsPerMinute: 1, tokensPerMinute: 10),
            keyLimits: .init(requestsPerMinute: 1, tokensPerMinute: 10))
        settings.breaker.failures = 1
        var desk = StandingDesk(settings)
        try desk.fail(.unreachable)
        desk.wait(.seconds(100))
        let probe = try desk.ticket(tokens: 10)
        desk.standing.release(probe, at: desk.now)
        let again = try desk.ticket(tokens: 10)
        #expect(again.isProviderProbe && again.isKeyProbe)
        #expect(desk.standing.view(tokens: 0, at: desk.now).inFlight == 1)
    }

    @Test func `attempts in flight are capped for the provider and for each key`() throws {
        var desk = StandingDesk(
            StandingSettings(limits: .init(concurrency: 3), keyLimits: .init(concurrency: 2)))
        let first = try desk.ticket()
        _ = try desk.ticket()
        #expect(desk.admit() == .busy)
        _ = try desk.ticket(key: 1)
        #expect(desk.admit(key: 1) == .busy)
        _ = desk.settle(first)
        #expect(desk.peek(key: 1) == .open)
    }

    @Test func `an attempt waits for the last of all its windows`() throws {
        var desk = StandingDesk(
            StandingSettings(
                limits: .init(requestsPerMinute: 2), keyLimits: .init(tokensPerMinute: 100)))
        _ = try desk.ticket(tokens: 60)
        desk.wait(.seconds(5))
        _ = try desk.ticket(key: 1, tokens: 60)
        #expect(desk.admit(tokens: 40) == .limited(for: .seconds(56)))
        #expect(desk.admit(key: 1, tokens: 60) == .limited(for: .seconds(61)))
        #expect(desk.admit(tokens: 101) == .out(.tooLarge))
    }

    @Test func `an answer's own count of tokens replaces the reservation, an unknown one lets it stand`()
        throws
    {
        var desk = StandingDesk(StandingSettings(limits: .init(tokensPerMinute: 100)))
        let known = try desk.ticket(tokens: 90)
        _ = desk.settle(known, AttemptEnding(tokensUsed: 20))
        let unknown = try desk.ticket(tokens: 80)
        _ = desk.settle(unknown, AttemptEnding(failure: .interrupted))
        #expect(desk.peek(tokens: 1) == .limited(for: .seconds(61)))
    }

    @Test func `an instant from before the last one seen counts as that one`() throws {
        var desk = StandingDesk(StandingSettings(limits: .init(requestsPerMinute: 1)))
        desk.wait(.seconds(10))
        _ = try desk.ticket()
        let late = desk.standing.admit(key: 0, model: 0, tokens: 0, at: dawn)
        #expect(late == .limited(for: .seconds(61)))
    }

    @Test func `an answer on the usual path changes nothing`() throws {
        var desk = StandingDesk()
        #expect(try desk.attempt(AttemptEnding(tokensUsed: 5, latency: .seconds(1))) == [])
    }

    @Test func `health is told when an attempt changes it`() throws {
        var settings = StandingSettings()
        settings.breaker.failures = 100
        var desk = StandingDesk(settings)
        for _ in 0..<3 { try desk.attempt() }
        try desk.fail(.overloaded)
        #expect(try desk.fail(.overloaded) == [.health(.degraded)])
        #expect(try desk.fail(.overloaded) == [])
        desk.wait(.seconds(100))
        #expect(try desk.attempt() == [.health(.healthy)])
    }

    @Test func `a view tells the freest key's headroom and whether any key is open`() throws {
        var desk = StandingDesk(StandingSettings(keyLimits: .init(requestsPerMinute: 10, concurrency: 4)))
        _ = try desk.ticket(key: 0)
        _ = try desk.ticket(key: 1)
        _ = try desk.ticket(key: 1)
        var view = desk.standing.view(tokens: 0, at: desk.now)
        #expect(view.headroom == 0.75 && view.isOpen && view.inFlight == 3)
        try desk.fail(.keyRejected, key: 0)
        view = desk.standing.view(tokens: 0, at: desk.now)
        #expect(view.headroom == 0.5 && view.isOpen)
        try desk.fail(.keyRejected, key: 1)
        view = desk.standing.view(tokens: 0, at: desk.now)
        #expect(view.headroom == 0 && !view.isOpen)
    }

    @Test func `a view tells that a breaker is open, and then that it wants a probe`() throws {
        var settings = StandingSettings()
        settings.breaker.failures = 1
        var desk = StandingDesk(settings)
        try desk.fail(.unreachable)
        #expect(!desk.standing.view(tokens: 0, at: desk.now).isOpen)
        desk.wait(.seconds(5))
        var view = desk.standing.view(tokens: 0, at: desk.now)
        #expect(view.isOpen && view.isProbing)
        _ = try desk.ticket()
        view = desk.standing.view(tokens: 0, at: desk.now)
        #expect(!view.isOpen && view.isProbing)
    }
}
