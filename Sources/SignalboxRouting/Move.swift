import SignalboxCore

/// Where a failure sends the request: the table "What an error does" of the design, row by row.
enum Move: Sendable, Hashable {
    case retryAtOnce
    case retryAfterPause
    case nextProvider
    /// The key may yet do for another model.
    case nextKeyForThisModel
    case nextKeyForEveryModel
    case nextModel
    case largerWindow
    case returnToCaller
    case stop

    init(after kind: FailureKind) {
        switch kind {
        case .unreachable: self = .retryAtOnce
        case .overloaded: self = .retryAfterPause
        // An answer that broke off is told of only where its caller can still be given a whole one.
        case .timeout, .malformedReply, .interrupted: self = .nextProvider
        // Limits are often per model; where they are not, the key rests and is passed over as unavailable.
        case .rateLimited, .accessMissing: self = .nextKeyForThisModel
        case .keyRejected, .noCredit: self = .nextKeyForEveryModel
        case .modelNotFound: self = .nextModel
        case .contextTooLong: self = .largerWindow
        case .contentFiltered, .invalidRequest: self = .returnToCaller
        case .cancelled: self = .stop
        }
    }
}

/// Why a candidate is tried: for the log line, and for the two counters of moves.
public enum AttemptReason: String, Sendable, CaseIterable {
    case first
    case retry
    case nextKey = "next_key"
    case nextModel = "next_model"
    case nextProvider = "next_provider"
    /// Beside one that is slow.
    case hedge

    init(from previous: Candidate?, to next: Candidate, in table: CandidateTable) {
        guard let previous else {
            self = .first
            return
        }
        if previous == next {
            self = .retry
        } else if table.provider(of: previous) != table.provider(of: next) {
            self = .nextProvider
        } else if previous.target != next.target || previous.model != next.model {
            self = .nextModel
        } else {
            self = .nextKey
        }
    }
}
