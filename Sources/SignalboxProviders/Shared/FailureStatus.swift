/// The HTTP statuses that tell failures apart, as a closed list: judgements on it need no `default`.
enum FailureStatus: Sendable, Hashable {
    /// 400, 422
    case invalidRequest
    /// 401
    case unauthorized
    /// 402, and 412, which suspended accounts get from one vendor
    case paymentRequired
    /// 403
    case forbidden
    /// 404
    case notFound
    /// 408
    case timeout
    /// 413
    case tooLarge
    /// 429
    case tooManyRequests
    /// 409, 425, 498 and every 5xx: the request was fine, the moment was not.
    case unavailable
    /// The rest of the 4xx: the address is wrong, or a proxy answered.
    case otherClientError
    /// No failure at all, or no status that a final answer may have.
    case unexpected

    init(_ status: Int) {
        switch status {
        case 400, 422: self = .invalidRequest
        case 401: self = .unauthorized
        case 402, 412: self = .paymentRequired
        case 403: self = .forbidden
        case 404: self = .notFound
        case 408: self = .timeout
        case 413: self = .tooLarge
        case 429: self = .tooManyRequests
        case 409, 425, 498, 500...599: self = .unavailable
        case 400...499: self = .otherClientError
        default: self = .unexpected
        }
    }
}
