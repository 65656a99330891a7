import SignalboxCore
import SignalboxKeys
import Testing

@Suite struct KeyJudgementTests {
    private func report(_ state: KeyState) -> KeyReport {
        KeyReport(state, message: state.rawValue)
    }

    private func outcomes(_ states: [KeyState]) -> (outcomes: [KeyJudgement.Outcome], judgement: KeyJudgement)
    {
        var judgement = KeyJudgement()
        let outcomes = states.map { judgement.take(report($0)) }
        return (outcomes, judgement)
    }

    private static let bad = KeyState.allCases.filter { $0.weight == .bad }
    private static let nothing = KeyState.allCases.filter { $0.weight == .nothing }

    @Test func `a good verdict is believed at once`() {
        let (outcomes, judgement) = outcomes([.valid, .valid])
        #expect(outcomes == [.changed(from: nil, to: .valid), .confirmed])
        #expect(judgement.state == .valid)
    }

    @Test(arguments: bad) func `a verdict against a key is believed the second time`(state: KeyState) {
        let (outcomes, judgement) = outcomes([.valid, state, state, state])
        #expect(
            outcomes == [
                .changed(from: nil, to: .valid), .doubted, .changed(from: .valid, to: state), .confirmed,
            ])
        #expect(judgement.standing == report(state))
        #expect(judgement.doubt == nil)
    }

    @Test(arguments: nothing) func `checks that say nothing change nothing`(state: KeyState) {
        let (outcomes, judgement) = outcomes([state, .valid, state, .invalid, state, state, .invalid, state])
        #expect(
            outcomes == [
                .nothing, .changed(from: nil, to: .valid), .nothing, .doubted, .nothing, .nothing,
                .changed(from: .valid, to: .invalid), .nothing,
            ])
        #expect(judgement.state == .invalid)
        #expect(judgement.latest == report(state))
    }

    @Test func `two verdicts that disagree are no two`() {
        let (outcomes, judgement) = outcomes([.invalid, .noCredit, .invalid, .expired])
        #expect(outcomes == [.doubted, .doubted, .doubted, .doubted])
        #expect(judgement.state == .unknown)
    }

    @Test func `a good verdict ends a doubt, and gives a key back`() {
        let (outcomes, judgement) = outcomes([.invalid, .valid, .invalid, .invalid, .valid])
        #expect(
            outcomes == [
                .doubted, .changed(from: nil, to: .valid), .doubted, .changed(from: .valid, to: .invalid),
                .changed(from: .invalid, to: .valid),
            ])
        #expect(judgement.state == .valid)
    }

    @Test func `the verdict that is believed takes a later doubt away`() {
        var judgement = outcomes([.invalid, .invalid, .expired]).judgement
        #expect(judgement.doubt == .expired)
        #expect(judgement.take(report(.invalid)) == .confirmed)
        #expect(judgement.doubt == nil)
    }

    @Test(arguments: KeyState.allCases) func `only a key that is known to be good succeeds`(state: KeyState) {
        #expect((KeyCode(state) == .success) == (state == .valid))
    }
}
