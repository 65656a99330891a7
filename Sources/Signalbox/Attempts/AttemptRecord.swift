import SignalboxCore
import SignalboxTelemetry

/// One attempt of a request, as the last log line tells it.
struct AttemptRecord: Sendable {
    /// Counted from 1.
    let number: Int
    let candidate: ResolvedCandidate
    var failure: UpstreamFailure?
    var status: Int?
    var duration: Duration
    /// What the provider counted, whatever became of it: one that was given up may be billed all the same.
    var usage: TokenUsage?
}

/// How a client's request ended.
struct CallEnding: Sendable {
    let outcome: ClientOutcome
    /// The HTTP status that the client was sent.
    let status: Int
    let duration: Duration
    /// The part of `duration` that neither a provider nor the client was waited for.
    let overhead: Duration
    let summary: ReplySummary
    let failure: UpstreamFailure?
}

/// What an error reply tells a caller of one attempt.
public struct AttemptSummary: Sendable, Equatable {
    public let provider: String
    public let model: String
    /// The class of the failure; nil where there was none.
    public let errorType: String?
    public let status: Int?
}
