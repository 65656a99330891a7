import SignalboxCore
import Testing

@testable import SignalboxRouting

@Suite struct RestTests {
    @Test func `without a word of the provider's, rests double while rate limits go on, up to a minute`() {
        var rest = Rest()
        var now = dawn
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            #expect(rest.limit(asked: nil, begunAt: now, at: now) == .seconds(seconds))
            now = now.advanced(by: .seconds(seconds) + .milliseconds(1))
        }
    }

    @Test func `an answer ends the doubling, if it was asked for after the last limit`() {
        var rest = Rest()
        _ = rest.limit(asked: nil, begunAt: dawn, at: dawn)
        _ = rest.limit(asked: nil, begunAt: after(.seconds(2)), at: after(.seconds(2)))
        rest.answered(begunAt: after(.seconds(1)))
        #expect(rest.limit(asked: nil, begunAt: after(.seconds(5)), at: after(.seconds(5))) == .seconds(4))
        rest.answered(begunAt: after(.seconds(10)))
        #expect(rest.limit(asked: nil, begunAt: after(.seconds(11)), at: after(.seconds(11))) == .seconds(1))
    }

    @Test func `many attempts that meet the same limit at once double nothing`() {
        var rest = Rest()
        #expect(rest.limit(asked: nil, begunAt: dawn, at: after(.milliseconds(10))) == .seconds(1))
        for _ in 0..<5 { _ = rest.limit(asked: nil, begunAt: dawn, at: after(.milliseconds(10))) }
        #expect(rest.remaining(at: after(.milliseconds(10))) == .seconds(1))
    }

    @Test func `the provider's word is kept, to a day at most, and never shortens a rest`() {
        var rest = Rest()
        #expect(rest.limit(asked: .milliseconds(1), begunAt: dawn, at: dawn) == .milliseconds(1))
        #expect(rest.limit(asked: .seconds(500), begunAt: dawn, at: dawn) == .seconds(500))
        #expect(rest.limit(asked: .seconds(5), begunAt: dawn, at: dawn) == nil)
        #expect(rest.remaining(at: after(.seconds(499))) == .seconds(1))
        #expect(rest.remaining(at: after(.seconds(500))) == nil)
        #expect(rest.limit(asked: .seconds(1 << 40), begunAt: dawn, at: dawn) == .seconds(86_400))
    }
}

@Suite struct ExclusionTests {
    @Test func `what is out is tried again by one attempt at a time`() {
        var exclusion = Exclusion()
        #expect(exclusion.exclude(for: .noCredit, until: after(.seconds(900))) == true)
        #expect(exclusion.refuses(at: after(.seconds(899))) == .noCredit)
        #expect(exclusion.refuses(at: after(.seconds(900))) == nil)
        let trial = exclusion.admit(at: after(.seconds(900)), lease: .seconds(60))
        #expect(exclusion.refuses(at: after(.seconds(901))) == .noCredit)
        #expect(exclusion.readmit(trial) == true)
        #expect(exclusion.reason == nil)
    }

    @Test func `a trial that told nothing gives its turn to the next`() {
        var exclusion = Exclusion()
        _ = exclusion.exclude(for: .keyRejected, until: dawn)
        let trial = exclusion.admit(at: dawn, lease: .seconds(60))
        exclusion.giveBack(trial, at: after(.seconds(1)))
        #expect(exclusion.refuses(at: after(.seconds(1))) == nil)
    }

    @Test func `a trial that was overtaken by another, or by a refusal, has lost its say`() {
        var exclusion = Exclusion()
        _ = exclusion.exclude(for: .keyRejected, until: dawn)
        let slow = exclusion.admit(at: dawn, lease: .seconds(60))
        let second = exclusion.admit(at: after(.seconds(60)), lease: .seconds(60))
        #expect(exclusion.readmit(slow) == false)
        exclusion.giveBack(slow, at: after(.seconds(61)))
        #expect(exclusion.refuses(at: after(.seconds(61))) == .keyRejected)
        #expect(exclusion.exclude(for: .keyRejected, until: after(.seconds(900))) == false)
        #expect(exclusion.readmit(second) == false)
        #expect(exclusion.refuses(at: after(.seconds(899))) == .keyRejected)
    }

    @Test func `what is not out has nothing to try`() {
        var exclusion = Exclusion()
        #expect(exclusion.admit(at: dawn, lease: .seconds(60)) == .none)
        #expect(exclusion.readmit(.none) == false)
        #expect(exclusion.readmit() == false)
    }
}
