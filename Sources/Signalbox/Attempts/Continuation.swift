import SignalboxCore
import SignalboxHTTP
import SignalboxRouting
import SignalboxTelemetry

/// An answer that was begun at another provider. Other attempts carry no more than its absence.
final class BegunAnswer: Sendable {
    /// The request, with what was sent as its last message.
    let call: ChatCall
    let sent: SentText
    let seam: Seam
    /// As the log tells it.
    let content: LoggedContent?

    init(_ call: ChatCall, behind sent: SentText, _ seam: Seam, content: LoggedContent?) {
        self.call = call
        self.sent = sent
        self.seam = seam
        self.content = content
    }
}

/// Has another provider go on with an answer that broke off. Confined to its loop's thread.
final class Continuation: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    private let call: RoutedCall
    private var walk: Walk

    init(of call: RoutedCall, on walk: Walk) {
        self.call = call
        self.walk = walk
        self.walk.isForContinuation = true
    }

    /// The rest of the answer; nil where nobody can go on with it, and its caller must hear that it broke
    /// off.
    ///
    /// A candidate's refusal is nobody's business: the interruption is what the caller is told.
    /// - Parameter sent: nil for a caller in another dialect than OpenAI's.
    func goOn(
        with sent: SentText?, after failure: UpstreamFailure, of attempt: Attempt
    ) async -> RoutedStream? {
        guard failure.kind == .interrupted, !call.isCancelled else { return nil }
        guard let sent, sent.isText, begun(with: sent, .continued) != nil else {
            call.route.metrics.remedies.continued(.impossible)
            return nil
        }
        if let rest = await walkOn(from: sent, after: failure, content: attempt.content) {
            call.route.metrics.remedies.continued(.continued)
            return rest
        }
        call.turn(to: attempt)
        if !call.isCancelled { call.route.metrics.remedies.continued(.failed) }
        return nil
    }

    private func walkOn(
        from sent: SentText, after failure: UpstreamFailure, content: LoggedContent?
    ) async -> RoutedStream? {
        let loop = call.worker.loop
        var now = loop.now()
        var step = walk.next(after: failure, at: now)
        while !call.isCancelled, case .attempt(let candidate, let reason, let pause) = step {
            guard let ticket = await walk.take(candidate, after: pause) else {
                step = walk.refused(at: loop.now())
                continue
            }
            now = loop.now()
            let resolved = walk.lane[candidate]
            guard let begun = begun(with: sent, resolved.prefill, content) else {
                resolved.seat.desk.release(ticket, at: now)
                call.router.released(resolved.provider)
                return nil
            }
            switch await call.attempt(begun, walk.turn(of: candidate, ticket, because: reason), at: now) {
            case .success(.stream(let rest)):
                rest.continuation = self
                return rest
            case .success: return nil
            case .failure(let failure): step = walk.next(after: failure, at: loop.now())
            }
        }
        return nil
    }

    /// Where nothing but white space was sent there are no words to go on from: the request is asked as it
    /// was.
    private func begun(
        with sent: SentText, _ manner: Prefill, _ content: LoggedContent? = nil
    ) -> BegunAnswer? {
        let words = sent.parts.words
        guard let longer = words.isEmpty ? call.call : call.call.continuing(words, manner) else { return nil }
        return BegunAnswer(
            longer, behind: sent, Seam(behind: sent, repeats: manner == .marked && !words.isEmpty),
            content: content)
    }
}
