/// Why a batch, or a part of it, did not arrive. A closed list: it labels metrics.
public enum ExportFailure: Error, Sendable, Hashable {
    /// The receiver answered with a status other than success.
    case status(Int)
    /// Nobody listens there, or TLS did not come about.
    case unreachable
    /// The connection ended before the whole answer was there.
    case connectionLost
    /// No whole answer in time.
    case timeout
    /// The answer is larger than 4 MiB.
    case answerTooLarge
    /// The answer is not HTTP.
    case answerMalformed
    /// One record alone would make a request of more than 64 MiB.
    case requestTooLarge
    /// Accepted by the receiver, but not taken (`partial_success`).
    case rejected
    /// There was no time left to send it before the program's end.
    case shutdown
    /// Nothing that the other side did: memory, descriptors, a wrong certificate file.
    case local

    /// Whether the same batch may be sent again: as the specification says, for four statuses and lost
    /// connections, and for nothing else. What was refused for its content would be refused again.
    public var isRetryable: Bool {
        switch self {
        case .status(let status): [429, 502, 503, 504].contains(status)
        case .unreachable, .connectionLost, .timeout: true
        case .answerTooLarge, .answerMalformed, .requestTooLarge, .rejected, .shutdown, .local: false
        }
    }

    /// The value of `error.type`, in the words of the conventions where they have one.
    public var label: String {
        switch self {
        case .status(let status): (100...599).contains(status) ? "\(status)" : "_OTHER"
        case .unreachable: "unreachable"
        case .connectionLost: "connection_lost"
        case .timeout: "timeout"
        case .answerTooLarge: "response_too_large"
        case .answerMalformed: "response_malformed"
        case .requestTooLarge: "request_too_large"
        case .rejected: "rejected"
        case .shutdown: "already_shutdown"
        case .local: "_OTHER"
        }
    }
}
