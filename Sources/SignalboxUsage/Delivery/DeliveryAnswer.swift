import SignalboxCore
import SignalboxHTTP

/// How one attempt at a delivery ended, and what that means. Pure.
struct DeliveryAnswer: Sendable {
    enum Ending: Sendable {
        case status(Int)
        /// No answer's head came.
        case failed(TransportError)
    }

    let ending: Ending
    /// What came of the answer's body within the limit.
    var body: [UInt8] = []
    /// What the receiver asked for, whatever its status.
    var retryAfter: Duration?

    enum Verdict: Sendable, Equatable {
        case delivered
        /// Later, as ``RetrySchedule`` says.
        case retry(isThrottled: Bool)
        /// At once, and not compressed (RFC 9110, 15.5.16).
        case unpacked
        /// At once, in smaller batches.
        case smaller
        /// These of its records, by their places, in a batch of their own: the receiver has the others.
        case others([Int])
        /// Not again: it would be refused again.
        case refused
        /// Nothing any more to this endpoint (Standard Webhooks 1.0.0).
        case endpointGone
    }

    /// - Parameters:
    ///   - count: records in the batch.
    ///   - isPacked: it was sent compressed.
    func verdict(count: Int, isPacked: Bool, isLago: Bool) -> Verdict {
        switch ending {
        case .failed(let error): return .retry(isThrottled: error.isTimeout)
        case .status(let status):
            switch status {
            case 200...299: return .delivered
            case 410: return .endpointGone
            case 413 where count > 1: return .smaller
            case 415 where isPacked: return .unpacked
            case 422 where isLago: return lagoVerdict(count: count)
            case 429, 502, 504: return .retry(isThrottled: true)
            default: return .retry(isThrottled: false)
            }
        }
    }

    private func lagoVerdict(count: Int) -> Verdict {
        switch LagoRefusal(body, count: count) {
        case .allKnown: .delivered
        case .others(let places): .others(places)
        case .final: .refused
        }
    }

    /// For logs and dead letters; no word of the receiver's.
    var words: String {
        switch ending {
        case .status(let status): "status \(status)"
        case .failed(let error): "\(error)"
        }
    }

    var status: Int? {
        if case .status(let status) = ending { status } else { nil }
    }
}

extension TransportError {
    var isTimeout: Bool {
        switch self {
        case .timeout: true
        case .unreachable, .forbidden, .tls, .reset, .cut, .tooLarge, .malformed, .cancelled, .local: false
        }
    }
}
