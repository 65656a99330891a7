import SignalboxCore
import SignalboxHTTP

// Attempts at vendors whose calls carry tokens.
extension Attempt {
    /// Sends it with a token: a token that the vendor refuses is replaced once.
    func converse(with tokens: TokenDesk) async -> Result<RoutedCall.Answer, UpstreamFailure> {
        var rejected: (generation: Int, failure: UpstreamFailure)?
        while true {
            let held: TokenMachine.Held
            do throws(UpstreamFailure) {
                held = try await token(from: tokens, rejected: rejected)
            } catch {
                return .failure(error)
            }
            let sentAt = loop.now()
            let reply = send(headers + [tokens.header(held)])
            let result = call.isStreaming ? await openStream(reply) : await settle(reply, sentAt: sentAt)
            guard case .failure(let failure) = result, failure.kind == .keyRejected, rejected == nil else {
                return result
            }
            rejected = (held.generation, failure)
        }
    }

    /// The token to call with; waits while one is asked for, no longer than the request may take.
    private func token(
        from tokens: TokenDesk, rejected: (generation: Int, failure: UpstreamFailure)?
    ) async throws(UpstreamFailure) -> TokenMachine.Held {
        let asked = loop.now()
        defer { call.addWait(since: asked) }
        while !isCancelled {
            switch tokens.ask(
                rejected: rejected, on: call.worker, call.router.time, cancelledBy: call.canceller)
            {
            case .token(let held): return held
            case .failure(let failure): throw failure
            case .wait(let wait):
                reply = wait
                wait.limit(until: call.deadline.instant, phase: .total)
                defer { wait.liftLimit() }
                do throws(TransportError) { _ = try await wait.whole() } catch {
                    throw UpstreamFailure(error, status: 0)
                }
            }
        }
        throw UpstreamFailure(.cancelled, message: "the caller has left")
    }
}
