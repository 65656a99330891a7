import Signalbox
import SignalboxCore
import Synchronization

/// A journal whose disk does as the test says.
final class FakeJournal: UsageJournal {
    private struct State {
        var records: [UsageRecord] = []
        var failure: UsageJournalFailure?
        var appendFailure: UsageJournalFailure?
        var commitFailure: UsageJournalFailure?
        var gate: Signal<Bool>?
    }

    private let state = Mutex(State())
    /// Told each time that an answer waits.
    let waits = Signal<Int>()

    var records: [UsageRecord] { state.withLock { $0.records } }

    /// Nothing is taken any more; nil for everything again.
    func refuse(_ failure: UsageJournalFailure?) {
        state.withLock { $0.failure = failure }
    }

    /// The next record is not taken, those after it are.
    func refuseNext(_ failure: UsageJournalFailure) {
        state.withLock { $0.appendFailure = failure }
    }

    /// What is taken turns out not to be written.
    func fail(_ failure: UsageJournalFailure?) {
        state.withLock { $0.commitFailure = failure }
    }

    /// Commits wait until the signal comes.
    func hold(at gate: Signal<Bool>) {
        state.withLock { $0.gate = gate }
    }

    func append(_ record: UsageRecord) throws(UsageJournalFailure) -> any UsageTicket {
        try state.withLock { state throws(UsageJournalFailure) in
            defer { state.appendFailure = nil }
            if let failure = state.failure ?? state.appendFailure { throw failure }
            state.records.append(record)
            return Ticket(journal: self, number: state.records.count)
        }
    }

    private struct Ticket: UsageTicket {
        let journal: FakeJournal
        let number: Int

        func committed() async throws(UsageJournalFailure) {
            try await journal.committed(number)
        }
    }

    private func committed(_ ticket: Int) async throws(UsageJournalFailure) {
        let (gate, failure) = state.withLock { ($0.gate, $0.commitFailure) }
        if let gate {
            waits.put(ticket)
            _ = await gate.take()
        }
        if let failure { throw failure }
    }

    var failure: UsageJournalFailure? { state.withLock { $0.failure } }
}

/// A custom provider that does not say what it used.
struct MuteProvider: CustomProvider {
    func answer(_ call: CustomCall) async throws -> ChatAnswer {
        call.answer(String(repeating: "words and more words ", count: 50))
    }

    func stream(_ call: CustomCall, to deltas: CustomDeltas) async throws -> CustomEnding {
        for _ in 0..<20 { try await deltas.text("words ") }
        return CustomEnding()
    }
}
