import SignalboxCore
import SignalboxRouting

// What the tenant may still ask for.
extension RoutedCall {
    /// Reserves this request's part of the tenant's limits; answers with what the caller is told if it must
    /// not go on.
    func reserveAllowance(at now: Instant) -> CallFailure? {
        guard let desk = allowance else { return nil }
        switch desk.admit(tokens: size.promptTokens + size.answerTokens, at: now) {
        case .open(let ticket):
            allowanceTicket = ticket
            return nil
        case .busy:
            return CallFailure(
                refused: "\(tenant) has as many requests in flight as it may.", retryAfter: .seconds(1))
        case .limited(let wait):
            return CallFailure(
                refused: "\(tenant) has asked for as much as it may in a minute.", retryAfter: wait)
        case .tooLarge:
            let failure = UpstreamFailure(
                .contextTooLong,
                message: "The request alone has more tokens than \(tenant) may use in a minute.",
                status: 400, code: "tokens_limit_exceeded", parameter: "messages")
            return CallFailure(failure, attempts: [])
        }
    }

    /// Gives back what was reserved; what was used stays counted.
    func settleAllowance(used: TokenUsage?, at now: Instant) {
        guard let desk = allowance, let ticket = allowanceTicket else { return }
        allowanceTicket = nil
        let tokens = used.map { $0.promptTokens + $0.completionTokens }
        desk.settle(ticket, tokensUsed: tokens ?? (attemptCount == 0 ? 0 : nil), at: now)
    }
}
