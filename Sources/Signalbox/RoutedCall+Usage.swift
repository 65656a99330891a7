import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxRouting
import SignalboxUsage

// What the request is billed for, and what its answer waits for.
extension RoutedCall {
    /// Nil where nobody wants to know what requests use.
    var books: UsageBooks? { router.books }
    var rules: Configuration.Usage { generation.configuration.usage }

    /// Writes down what an attempt used.
    func write(_ record: UsageRecord) {
        guard let books else { return }
        switch books.write(record, for: generation.table.metrics(ofTenant: caller.tenant).usage) {
        case .kept(let ticket):
            // What counts is the answer's own record, the last one: who is billed must get the answer.
            (usageTicket, usageFailure) = (ticket, nil)
        case .heard: break
        case .lost(let failure): if rules.onFull == .refuse { usageFailure = failure }
        }
    }

    /// Waits until what the request used is written down for good: an answer must not be whole before.
    /// - Returns: why it must not be whole at all.
    func committed() async -> UpstreamFailure? {
        guard rules.durability == .commit else { return nil }
        if usageFailure == nil, let usageTicket {
            do throws(UsageJournalFailure) {
                try await usageTicket.committed()
            } catch {
                if rules.onFull == .refuse { usageFailure = error }
            }
        }
        guard let usageFailure else { return nil }
        return UpstreamFailure(
            .interrupted, message: "what it used could not be recorded: \(usageFailure)",
            status: 503, code: CallFailure.unrecorded)
    }

    /// While nothing can be recorded, nothing is asked of a provider: it would be paid for by nobody.
    var unrecorded: CallFailure? {
        guard rules.onFull == .refuse else { return nil }
        return books?.failure.map { CallFailure(unrecorded: $0, attempts: []) }
    }

    /// What to write down of an attempt that has ended.
    func record(
        of attempt: Attempt, _ usage: TokenUsage?, from source: UsageRecord.Source, cost: Money?,
        failure: UpstreamFailure?, until end: Instant
    ) -> UsageRecord {
        let candidate = attempt.candidate
        let now = router.time.wallTime()
        let tenant =
            generation.configuration.tenants.indices.contains(caller.tenant)
            ? generation.configuration.tenants[caller.tenant] : nil
        return UsageRecord(
            id: UUIDv7(at: now, using: &worker.loop.random), requestID: requestID, attempt: attempt.number,
            provider: candidate.provider.name, model: candidate.model, requestedModel: call.model,
            usage: usage, source: source, cost: cost,
            priceVersion: cost == nil ? nil : generation.configuration.prices?.book.version,
            latency: attempt.start.duration(to: end),
            timeToFirstToken: attempt.firstTokenAt.map { attempt.start.duration(to: $0) },
            isStreaming: isStreaming, outcome: outcome(after: failure), errorType: failure?.kind.label,
            key: candidate.keyAlias, timestamp: now, tenant: caller.tenantLabel,
            tenantKey: tenantKey, platformKeyID: tenant?.platformKeyID, sessionID: wishes.session)
    }

    private func outcome(after failure: UpstreamFailure?) -> UsageRecord.Outcome {
        if isCancelled { return .cancelled }
        switch failure?.kind {
        case nil: return .success
        case .cancelled: return .cancelled
        case .interrupted: return .interrupted
        case .unreachable, .timeout, .overloaded, .rateLimited, .keyRejected, .noCredit, .accessMissing,
            .modelNotFound, .malformedReply, .invalidRequest, .contextTooLong, .contentFiltered:
            return .failure
        }
    }
}
