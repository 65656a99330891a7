import SignalboxCore

extension FailureStatus {
    /// The class of a failure whose body is no error of the vendor's. Somebody answered who does not speak
    /// for the vendor, a proxy perhaps: nothing is said of key, credit, model or request.
    var kindWithoutError: FailureKind {
        switch self {
        case .tooManyRequests: .rateLimited
        case .unavailable: .overloaded
        case .timeout: .timeout(.total)
        case .invalidRequest, .unauthorized, .paymentRequired, .forbidden, .notFound, .tooLarge,
            .otherClientError, .unexpected:
            .malformedReply
        }
    }
}
