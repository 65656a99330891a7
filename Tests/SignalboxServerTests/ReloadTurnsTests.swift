import SignalboxConfig
import Synchronization
import Testing

@testable import SignalboxServer

@Suite(.timeLimit(.minutes(1))) struct ReloadTurnsTests {
    /// Ends each turn when it is told to, and counts how many there are at once.
    private final class Gate: Sendable {
        private struct State {
            var running = 0
            var runningMax = 0
            var ended = 0
        }

        private let (steps, source) = AsyncStream<Void>.makeStream()
        private let (begun, begin) = AsyncStream<Void>.makeStream()
        private let state = Mutex(State())

        var ended: Int { state.withLock { $0.ended } }
        var runningMax: Int { state.withLock { $0.runningMax } }

        func turn() async -> ReloadOutcome {
            state.withLock { state in
                state.running += 1
                state.runningMax = max(state.runningMax, state.running)
            }
            begin.yield()
            for await _ in steps { break }
            state.withLock { state in
                state.running -= 1
                state.ended += 1
            }
            return .nothingToReload
        }

        /// Returns when a turn has begun.
        func entered() async {
            for await _ in begun { break }
        }

        func open(_ count: Int) {
            for _ in 0..<count { source.yield() }
        }
    }

    private func isDone(_ outcome: ReloadOutcome) -> Bool {
        if case .nothingToReload = outcome { true } else { false }
    }

    private func isBusy(_ outcome: ReloadOutcome) -> Bool {
        if case .busy = outcome { true } else { false }
    }

    @Test func `before it serves and after there are no turns`() async {
        let turns = ReloadTurns()
        #expect(turns.outcomeIsNotServing(await turns.next()))
        let gate = Gate()
        gate.open(1)
        turns.begin { await gate.turn() }
        #expect(isDone(await turns.next()))
        turns.end()
        #expect(turns.outcomeIsNotServing(await turns.next()))
        #expect(gate.ended == 1)
    }

    @Test func `one has its turn after the other, and who finds too many waiting has none`() async {
        let (turns, gate) = (ReloadTurns(), Gate())
        turns.begin { await gate.turn() }
        let asking = ReloadTurns.waitingMax + 5
        let outcomes = await withTaskGroup(of: ReloadOutcome.self) { group in
            group.addTask { await turns.next() }
            await gate.entered()
            for _ in 0..<asking { group.addTask { await turns.next() } }
            var outcomes: [ReloadOutcome] = []
            // Those that found no room are answered while the first still has its turn.
            for _ in 0..<5 {
                if let outcome = await group.next() { outcomes.append(outcome) }
            }
            #expect(outcomes.allSatisfy(isBusy) && gate.ended == 0)
            gate.open(ReloadTurns.waitingMax + 1)
            for await outcome in group { outcomes.append(outcome) }
            return outcomes
        }
        #expect(outcomes.count(where: isDone) == ReloadTurns.waitingMax + 1)
        #expect(outcomes.count(where: isBusy) == 5)
        #expect(gate.runningMax == 1)
    }
}

extension ReloadTurns {
    fileprivate func outcomeIsNotServing(_ outcome: ReloadOutcome) -> Bool {
        if case .notServing = outcome { true } else { false }
    }
}
