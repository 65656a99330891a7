import SignalboxCore
import SignalboxHTTP

// Attempts at vendors whose calls carry tokens.
extension RoutedCall {
    /// One attempt that carries a token: a token that the vendor refuses is replaced once.
    func converse(
        _ body: [UInt8], over transport: ResolvedCandidate.Transport, with candidate: ResolvedCandidate,
        _ tokens: TokenDesk, since start: Instant
    ) async -> Result<Answer, UpstreamFailure> {
        var rejected: (generation: Int, failure: UpstreamFailure)?
        while true {
            let held: TokenMachine.Held
            do throws(UpstreamFailure) {
                held = try await token(from: tokens, rejected: rejected)
            } catch {
                return .failure(error)
            }
            let sentAt = worker.loop.now()
            let reply = send(
                body, headers: headers(for: candidate) + [tokens.header(held)], over: transport, to: candidate
            )
            let result: Result<Answer, UpstreamFailure>
            if call.isStreaming {
                result = await openStream(reply, from: candidate, since: start)
            } else {
                let whole = await takeWhole(reply, from: candidate)
                result = settle(whole, of: reply, from: candidate, since: start, sentAt: sentAt)
            }
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
        let asked = worker.loop.now()
        defer { addWait(since: asked) }
        while !isCancelled {
            switch tokens.ask(
                rejected: rejected, on: worker, router.time, cancelledBy: caller.canceller)
            {
            case .token(let held): return held
            case .failure(let failure): throw failure
            case .wait(let wait):
                reply = wait
                wait.limit(until: deadline.instant, phase: .total)
                defer { wait.liftLimit() }
                do throws(TransportError) { _ = try await wait.whole() } catch {
                    throw UpstreamFailure(error, status: 0)
                }
            }
        }
        throw UpstreamFailure(.cancelled, message: "the caller has left")
    }
}
