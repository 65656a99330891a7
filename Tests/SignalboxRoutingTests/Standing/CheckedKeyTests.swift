import SignalboxCore
import SignalboxRouting
import Testing

@Suite struct CheckedKeyTests {
    private static let known = CheckedKey.good(isGoodForAnswers: false)
    private static let answering = CheckedKey.good(isGoodForAnswers: true)

    private static func verdict(_ state: KeyState, mayGenerate: Bool?) -> CheckedKey? {
        CheckedKey(KeyReport(state, message: "", proof: KeyProof(exists: true, mayGenerate: mayGenerate)))
    }

    private static let meanings: [(KeyState, CheckedKey?)] = [
        (.valid, known), (.invalid, .out(.keyRejected)), (.expired, .out(.keyRejected)),
        (.disabled, .out(.keyRejected)), (.missingScope, nil), (.wrongRegionOrFolder, nil),
        (.noCredit, .out(.noCredit)), (.spendLimit, .out(.noCredit)), (.rateLimited, nil),
        (.providerDown, nil), (.unknown, nil),
    ]

    @Test(arguments: meanings)
    func `each state of a key has its meaning for routing`(state: KeyState, expected: CheckedKey?) {
        #expect(Self.verdict(state, mayGenerate: nil) == expected)
    }

    @Test func `a key that lacks something is out only where it is certain that it answers nothing`() {
        for state in [KeyState.missingScope, .wrongRegionOrFolder] {
            #expect(Self.verdict(state, mayGenerate: false) == .out(.keyRejected))
            #expect(Self.verdict(state, mayGenerate: true) == nil)
        }
        #expect(Self.verdict(.valid, mayGenerate: true) == Self.answering)
        #expect(Self.verdict(.valid, mayGenerate: false) == Self.known)
    }

    @Test func `checks that taught nothing take no key out, whatever they seem to have shown`() {
        for state in KeyState.allCases where state.weight == .nothing {
            for mayGenerate in [nil, true, false] {
                #expect(Self.verdict(state, mayGenerate: mayGenerate) == nil)
            }
        }
    }

    @Test(arguments: [OutReason.keyRejected, .noCredit])
    func `a check puts a key out, which is told once, and a good one brings it back`(reason: OutReason) throws
    {
        var desk = StandingDesk()
        #expect(desk.check(1, .out(reason)) == [.keyOut(key: 1, reason: reason)])
        #expect(desk.check(1, .out(reason)) == [])
        #expect(desk.peek(key: 1) == .out(reason))
        #expect(desk.peek(key: 0) == .open)
        #expect(desk.check(1, Self.known) == [.keyBack(key: 1)])
        #expect(desk.check(1, Self.known) == [])
        #expect(desk.peek(key: 1) == .open)
    }

    @Test func `a key that requests found rejected is back once a check knows it`() throws {
        var desk = StandingDesk()
        try desk.fail(.keyRejected)
        #expect(desk.check(0, Self.known) == [.keyBack(key: 0)])
    }

    @Test func `a good list of models does not bring back a key that is out for no credit`() throws {
        var desk = StandingDesk()
        try desk.fail(.noCredit)
        #expect(desk.check(0, Self.known) == [])
        #expect(desk.peek() == .out(.noCredit))
        #expect(desk.check(0, Self.answering) == [.keyBack(key: 0)])
        #expect(desk.peek() == .open)
    }

    @Test func `nor does it when something else was found in between`() throws {
        var desk = StandingDesk()
        try desk.fail(.noCredit)
        #expect(desk.check(0, .out(.keyRejected)) == [.keyOut(key: 0, reason: .keyRejected)])
        #expect(desk.check(0, Self.known) == [.keyOut(key: 0, reason: .noCredit)])
        #expect(desk.peek() == .out(.noCredit))
        #expect(desk.check(0, Self.known) == [])
    }

    @Test func `a check that found no credit itself is believed when it finds some`() throws {
        var desk = StandingDesk()
        try desk.fail(.noCredit)
        #expect(desk.check(0, .out(.noCredit)) == [])
        #expect(desk.check(0, Self.known) == [.keyBack(key: 0)])
    }

    @Test func `credit that an answer has shown is remembered no longer than until the next refusal`() throws
    {
        var desk = StandingDesk()
        try desk.fail(.noCredit)
        desk.wait(.seconds(900))
        try desk.attempt()
        #expect(desk.peek() == .open)
        #expect(desk.check(0, .out(.keyRejected)) == [.keyOut(key: 0, reason: .keyRejected)])
        #expect(desk.check(0, Self.known) == [.keyBack(key: 0)])
        try desk.fail(.noCredit)
        #expect(desk.check(0, Self.known) == [])
    }

    @Test func `a key that a check put out is tried by one request after its re-check time`() throws {
        var desk = StandingDesk()
        _ = desk.check(0, .out(.keyRejected))
        desk.wait(.seconds(900) - .nanoseconds(1))
        #expect(desk.admit() == .out(.keyRejected))
        desk.wait(.nanoseconds(1))
        let trial = try desk.ticket()
        #expect(desk.admit() == .out(.keyRejected))
        #expect(desk.settle(trial) == [.keyBack(key: 0)])
    }

    @Test func `each check that confirms it puts the trial off`() throws {
        var desk = StandingDesk()
        _ = desk.check(0, .out(.keyRejected))
        desk.wait(.seconds(600))
        #expect(desk.check(0, .out(.keyRejected)) == [])
        desk.wait(.seconds(600))
        #expect(desk.admit() == .out(.keyRejected))
        desk.wait(.seconds(300))
        _ = try desk.ticket()
    }

    @Test func `a check whose word changes the reason leaves a trial that is under way its say`() throws {
        var desk = StandingDesk()
        try desk.fail(.noCredit)
        _ = desk.check(0, .out(.keyRejected))
        desk.wait(.seconds(900))
        let trial = try desk.ticket()
        #expect(desk.check(0, Self.known) == [.keyOut(key: 0, reason: .noCredit)])
        #expect(desk.settle(trial) == [.keyBack(key: 0)])
        #expect(desk.peek() == .open)
    }

    @Test func `a check says nothing of breakers, rests and models`() throws {
        var desk = StandingDesk()
        try desk.fail(.accessMissing)
        try desk.attempt(key: 1, AttemptEnding(failure: .rateLimited, retryAfter: .seconds(20)))
        #expect(desk.check(0, Self.answering) == [])
        #expect(desk.check(1, Self.answering) == [])
        #expect(desk.peek(model: 0) == .out(.accessMissing))
        #expect(desk.peek(key: 1, model: 1) == .resting(for: .seconds(20)))
    }
}

extension StandingDesk {
    fileprivate mutating func check(_ key: Int, _ verdict: CheckedKey) -> [StandingChange] {
        standing.keyChecked(key, verdict, at: now)
    }
}
