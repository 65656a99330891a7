import SignalboxCore
import SignalboxRouting
import Testing

@Suite struct KeyStandingTests {
    @Test func `a limited key rests as long as the provider asks, and the others do not`() throws {
        var desk = StandingDesk()
        let ending = AttemptEnding(failure: .rateLimited, retryAfter: .seconds(20))
        #expect(try desk.attempt(ending) == [.keyRests(key: 0, model: nil, for: .seconds(20))])
        desk.wait(.seconds(19))
        #expect(desk.admit() == .resting(for: .seconds(1)))
        #expect(desk.peek(model: 1) == .resting(for: .seconds(1)))
        #expect(desk.peek(key: 1) == .open)
        desk.wait(.seconds(1))
        #expect(desk.peek() == .open)
    }

    @Test func `without a Retry-After the reset of the limit that is used up counts`() throws {
        var desk = StandingDesk()
        let ending = AttemptEnding(
            failure: .rateLimited, requestLimit: LimitNotice(remaining: 0, resetsIn: .seconds(30)),
            tokenLimit: LimitNotice(remaining: 5, resetsIn: .seconds(50)))
        #expect(try desk.attempt(ending) == [.keyRests(key: 0, model: nil, for: .seconds(30))])
    }

    @Test func `a Retry-After is believed before the reset of a limit that is used up`() throws {
        var desk = StandingDesk(StandingSettings(tokensFloor: 100))
        let notice = LimitNotice(limit: 60, remaining: 0, resetsIn: .seconds(60))
        for isPerModel in [false, true] {
            let ending = AttemptEnding(
                failure: .rateLimited, retryAfter: .seconds(2), limitIsPerModel: isPerModel,
                requestLimit: notice, tokenLimit: notice)
            try desk.attempt(ending)
            #expect(desk.peek() == .resting(for: .seconds(2)))
            desk.wait(.seconds(2))
            #expect(desk.peek() == .open)
        }
    }

    @Test func `rests double while limits go on, and an answer ends that`() throws {
        var desk = StandingDesk()
        for seconds in [1, 2, 4] {
            let changes = try desk.fail(.rateLimited)
            #expect(changes == [.keyRests(key: 0, model: nil, for: .seconds(seconds))])
            desk.wait(.seconds(seconds))
        }
        try desk.attempt()
        desk.wait(.seconds(1))
        #expect(try desk.fail(.rateLimited) == [.keyRests(key: 0, model: nil, for: .seconds(1))])
    }

    @Test func `where limits are per model, the key rests for that model alone`() throws {
        var desk = StandingDesk()
        let ending = AttemptEnding(
            failure: .rateLimited, retryAfter: .seconds(20), limitIsPerModel: true,
            requestLimit: LimitNotice(limit: 10, remaining: 0, resetsIn: .seconds(20)))
        #expect(try desk.attempt(ending) == [.keyRests(key: 0, model: 0, for: .seconds(20))])
        #expect(desk.peek(model: 0) == .resting(for: .seconds(20)))
        #expect(desk.peek(model: 1) == .open)
        #expect(desk.peek(key: 1) == .open)
    }

    @Test func `a model's limit that an answer used up is not run into`() throws {
        var desk = StandingDesk()
        let ending = AttemptEnding(
            limitIsPerModel: true, tokenLimit: LimitNotice(remaining: 0, resetsIn: .seconds(8)))
        #expect(try desk.attempt(ending) == [.keyRests(key: 0, model: 0, for: .seconds(8))])
        #expect(desk.peek(model: 0) == .resting(for: .seconds(8)))
        #expect(desk.peek(model: 1) == .open)
    }

    @Test func `a key with fewer tokens left than the floor rests until they are back`() throws {
        var desk = StandingDesk(StandingSettings(tokensFloor: 500))
        let enough = AttemptEnding(tokenLimit: LimitNotice(remaining: 500, resetsIn: .seconds(9)))
        #expect(try desk.attempt(enough) == [])
        let first = try desk.ticket()
        let second = try desk.ticket()
        let low = AttemptEnding(tokenLimit: LimitNotice(remaining: 499, resetsIn: .seconds(9)))
        #expect(desk.settle(first, low) == [.keyRests(key: 0, model: nil, for: .seconds(9))])
        desk.wait(.seconds(1))
        // It rests for longer, which is no news.
        #expect(desk.settle(second, low) == [])
        #expect(desk.admit() == .resting(for: .seconds(9)))
    }

    @Test func `the headers of a key's replies correct that key's windows alone`() throws {
        var desk = StandingDesk()
        let ending = AttemptEnding(requestLimit: LimitNotice(limit: 10, remaining: 1, resetsIn: .seconds(6)))
        try desk.attempt(ending)
        _ = try desk.ticket()
        #expect(desk.admit() == .limited(for: .seconds(6)))
        #expect(desk.peek(key: 1) == .open)
    }

    @Test(arguments: [(FailureKind.keyRejected, OutReason.keyRejected), (.noCredit, .noCredit)])
    func `a key that is out is tried by one attempt after its re-check time, and is back once answered`(
        kind: FailureKind, reason: OutReason
    ) throws {
        var desk = StandingDesk()
        #expect(try desk.fail(kind) == [.keyOut(key: 0, reason: reason)])
        desk.wait(.seconds(900) - .nanoseconds(1))
        #expect(desk.admit() == .out(reason))
        desk.wait(.nanoseconds(1))
        let trial = try desk.ticket()
        #expect(desk.admit() == .out(reason))
        #expect(desk.settle(trial) == [.keyBack(key: 0)])
        #expect(desk.peek() == .open)
    }

    @Test func `a key that fails its trial is out for as long again, which is no news`() throws {
        var desk = StandingDesk()
        try desk.fail(.keyRejected)
        desk.wait(.seconds(900))
        #expect(try desk.fail(.keyRejected) == [])
        desk.wait(.seconds(899))
        #expect(desk.peek() == .out(.keyRejected))
        desk.wait(.seconds(1))
        #expect(try desk.fail(.noCredit) == [.keyOut(key: 0, reason: .noCredit)])
    }

    @Test func `an answer to an attempt from before brings no key back`() throws {
        var desk = StandingDesk()
        let early = try desk.ticket()
        try desk.fail(.noCredit)
        #expect(desk.settle(early) == [])
        #expect(desk.peek() == .out(.noCredit))
    }

    @Test func `a key without access to a model is out for that model alone`() throws {
        var desk = StandingDesk()
        #expect(try desk.fail(.accessMissing) == [.accessMissing(key: 0, model: 0)])
        #expect(desk.peek(model: 0) == .out(.accessMissing))
        #expect(desk.peek(model: 1) == .open)
        #expect(desk.peek(key: 1) == .open)
        desk.wait(.seconds(900))
        let trial = try desk.ticket()
        #expect(desk.peek() == .out(.accessMissing))
        _ = desk.settle(trial)
        #expect(desk.peek() == .open)
    }

    @Test func `a model that is not found is out for every key, until a trial finds it`() throws {
        var desk = StandingDesk()
        #expect(try desk.fail(.modelNotFound) == [.modelOut(model: 0)])
        #expect(desk.peek(key: 1) == .out(.modelNotFound))
        #expect(desk.peek(model: 1) == .open)
        desk.wait(.seconds(900))
        let trial = try desk.ticket(key: 1)
        #expect(desk.peek() == .out(.modelNotFound))
        #expect(desk.settle(trial) == [.modelBack(model: 0)])
    }

    @Test func `a trial that the caller left gives its turn to the next`() throws {
        var desk = StandingDesk()
        try desk.fail(.keyRejected)
        desk.wait(.seconds(900))
        try desk.fail(.cancelled)
        #expect(desk.peek() == .open)
    }

    @Test func `exceptions for more models than are kept forget the one that ends first`() throws {
        var standing = ProviderStanding(StandingSettings())
        let names = (0..<40).map { "m\($0)" }
        let key = KeyIdentity(alias: "a", fingerprint: 1)
        _ = standing.adopt(StandingSettings(), keys: [key], models: names, at: dawn)
        for model in 0..<40 {
            guard case .open(let ticket) = standing.admit(key: 0, model: model, tokens: 0, at: dawn) else {
                Issue.record("model \(model) is not open")
                return
            }
            let ending = AttemptEnding(
                failure: .rateLimited, retryAfter: .seconds(100 - model), limitIsPerModel: true)
            _ = standing.settle(ticket, ending, at: dawn)
        }
        let resting = (0..<40).filter { standing.peek(key: 0, model: $0, tokens: 0, at: dawn) != .open }
        #expect(resting == Array(0..<31) + [39])
        #expect(standing.status(at: dawn).keys[0].models.count == 32)
    }
}
