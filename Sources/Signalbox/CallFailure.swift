public import SignalboxCore
import SignalboxHTTP
import SignalboxRouting
public import SignalboxTelemetry

/// Why a request has no answer, as its caller is told.
public struct CallFailure: Sendable {
    /// The HTTP status.
    public let status: Int
    /// OpenAI's `type` of error.
    public let type: String
    public let code: String
    public let message: String
    /// The field of the request that is at fault, where that is known.
    public let parameter: String?
    /// The provider's own error object, where the error is the caller's to mend.
    public let errorObject: [UInt8]?
    public let retryAfter: Duration?
    /// Whether clients are to be kept from asking again by themselves, as their status would have them do.
    public let isFinal: Bool
    public let attempts: [AttemptSummary]
    public let outcome: ClientOutcome
    /// The last thing that went wrong.
    public let cause: UpstreamFailure?

    /// A failure that no other candidate would mend.
    init(_ failure: UpstreamFailure, attempts: [AttemptSummary]) {
        switch failure.kind {
        case .cancelled:
            (status, outcome) = (499, .cancelled)
        case .invalidRequest, .contextTooLong, .contentFiltered:
            (status, outcome) = (
                failure.status.flatMap { (400..<500).contains($0) ? $0 : nil } ?? 400, .invalid
            )
        case .unreachable, .timeout, .overloaded, .rateLimited, .keyRejected, .noCredit, .accessMissing,
            .modelNotFound, .malformedReply, .interrupted:
            (status, outcome) = (502, .exhausted)
        }
        type = "invalid_request_error"
        code = failure.code ?? failure.kind.label
        message = failure.message
        parameter = failure.parameter
        errorObject = failure.errorObject
        retryAfter = nil
        isFinal = false
        self.attempts = attempts
        cause = failure
    }

    /// The tenant's own limits are reached.
    init(refused message: String, retryAfter: Duration) {
        status = 429
        outcome = .rejected
        (type, code) = ("rate_limit_error", "tenant_rate_limited")
        self.message = message
        parameter = nil
        errorObject = nil
        self.retryAfter = retryAfter
        isFinal = false
        attempts = []
        cause = UpstreamFailure(.rateLimited, message: message, status: 429, retryAfter: retryAfter)
    }

    /// The tenant has no right to it, and asking again will not give it one soon.
    init(rejected message: String, status: Int, type: String, code: String, retryAfter: Duration?) {
        self.status = status
        outcome = .rejected
        self.type = type
        self.code = code
        self.message = message
        parameter = nil
        errorObject = nil
        self.retryAfter = retryAfter
        isFinal = true
        attempts = []
        cause = UpstreamFailure(
            status == 429 ? .rateLimited : .noCredit, message: message, status: status, code: code,
            retryAfter: retryAfter)
    }

    /// Of an answer that is kept back because nobody could be billed for it.
    static let unrecorded = "usage_not_recorded"

    /// What requests use cannot be written down, and the configuration wants none answered then.
    init(unrecorded failure: UsageJournalFailure, attempts: [AttemptSummary]) {
        status = 503
        outcome = .rejected
        (type, code) = ("overloaded_error", Self.unrecorded)
        message = "What requests use cannot be recorded, so none is answered: \(failure)"
        parameter = nil
        errorObject = nil
        retryAfter = .seconds(5)
        isFinal = false
        self.attempts = attempts
        cause = UpstreamFailure(.overloaded, message: message, status: 503, code: Self.unrecorded)
    }

    /// Every candidate was tried or unavailable.
    init(_ exhaustion: Exhaustion, attempts: [AttemptSummary]) {
        status = exhaustion.status
        outcome = .exhausted
        switch exhaustion.status {
        case 429: (type, code) = ("rate_limit_error", "all_rate_limited")
        case 504: (type, code) = ("timeout_error", "all_timed_out")
        case 503: (type, code) = ("overloaded_error", "all_unavailable")
        default: (type, code) = ("upstream_error", "all_failed")
        }
        let last = exhaustion.lastFailure.map { " The last one: \($0.message)" } ?? ""
        let reason =
            switch exhaustion.reason {
            case .candidates: "No provider could answer"
            case .attempts: "No provider could answer within the attempts allowed"
            case .deadline: "No provider could answer in time"
            case .queueFull: "Every provider is busy, and as many requests as allowed wait already"
            case .queueTimeout: "Every provider was busy for as long as the request could wait"
            }
        message = "\(reason) (\(attempts.count) tried).\(last)"
        parameter = nil
        errorObject = nil
        retryAfter = exhaustion.retryAfter
        isFinal = false
        self.attempts = attempts
        cause = exhaustion.lastFailure
    }
}
