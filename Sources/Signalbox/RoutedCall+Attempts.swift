import SignalboxCore
import SignalboxHTTP
import SignalboxRouting

// One attempt, or two at once.
extension RoutedCall {
    func attempt(
        _ turn: Walk.Turn, at start: Instant, on walk: inout Walk
    ) async -> Result<Answer, UpstreamFailure> {
        let attempt: Attempt
        do throws(UpstreamFailure) {
            attempt = try begin(turn, at: start)
        } catch {
            return .failure(error)
        }
        current = attempt
        let result: Result<Answer, UpstreamFailure>
        if let delay = route.hedgeAfter, !walk.hasHedged {
            result = await hedged(attempt, after: delay, on: &walk)
        } else {
            result = await attempt.run()
        }
        if case .success = result, let current { keepSession(with: current.candidate, at: start) }
        return result
    }

    /// Has a candidate go on with an answer that broke off.
    func attempt(
        _ begun: BegunAnswer, _ turn: Walk.Turn, at start: Instant
    ) async -> Result<Answer, UpstreamFailure> {
        let attempt: Attempt
        do throws(UpstreamFailure) {
            attempt = try begin(turn, at: start, with: begun)
        } catch {
            return .failure(error)
        }
        current = attempt
        return await attempt.run()
    }

    /// The story is `attempt`'s again: what was tried after it came to nothing.
    func turn(to attempt: Attempt) {
        current = attempt
    }

    private func hedged(
        _ attempt: Attempt, after delay: Duration, on walk: inout Walk
    ) async -> Result<Answer, UpstreamFailure> {
        let hedge = Hedge(beside: attempt, of: self, on: walk)
        self.hedge = hedge
        let result = await hedge.run(after: delay)
        self.hedge = nil
        walk = hedge.walk
        current = hedge.last
        return result
    }

    /// Makes ready what is sent; the attempt is counted, and has not been run.
    /// - Throws: what the candidate cannot be asked.
    func begin(
        _ turn: Walk.Turn, at start: Instant, with begun: BegunAnswer? = nil
    ) throws(UpstreamFailure) -> Attempt {
        let candidate = turn.candidate
        let body: [UInt8]
        let transport: ResolvedCandidate.Transport
        do throws(UpstreamFailure) {
            transport = try self.transport(to: candidate)
            try checkDialect(of: candidate)
            body = try candidate.provider.adapter.encode(begun?.call ?? call, model: candidate.model)
        } catch {
            // Nothing was sent: no attempt is counted, and nothing is held against a provider never asked.
            candidate.seat.desk.release(turn.ticket, at: start)
            router.released(candidate.provider)
            decided(.failed(error.kind, after: .zero), on: candidate, in: turn.order)
            throw error
        }
        attemptCount += 1
        decided(.asks(turn.reason), on: candidate, in: turn.order)
        return Attempt(
            turn, of: self, number: attemptCount, start: start, body: body, over: transport, with: begun)
    }

    private func transport(
        to candidate: ResolvedCandidate
    ) throws(UpstreamFailure) -> ResolvedCandidate.Transport {
        guard let transport = candidate.transport(for: call.operation) else {
            throw UpstreamFailure(
                .modelNotFound, message: "\(candidate.provider.name) has no such operation", status: 404,
                code: "unsupported_operation")
        }
        return transport
    }

    /// What was lost in translation matters only to who needs the translation.
    private func checkDialect(of candidate: ResolvedCandidate) throws(UpstreamFailure) {
        guard let native = call.native, let refusal = native.untranslated else { return }
        if candidate.provider.dropsUnsupported || candidate.provider.adapter.speaks(native.dialect) { return }
        throw refusal
    }
}
