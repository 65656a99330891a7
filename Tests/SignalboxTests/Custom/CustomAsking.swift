import Signalbox
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting

/// What a request came to, as its caller sees it.
struct Outcome: Sendable {
    var body = ""
    var failure: CallFailure?
    var breakOff: UpstreamFailure?
    var attempts = 0
    var provider = ""
}

extension TestRouter {
    /// Asks in these words and takes everything.
    ///
    /// - Parameter seen: is told of every part of an answer as soon as the caller has it.
    func outcome(
        of text: String, seen: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> Outcome {
        let call = try ChatCall(text: text)
        let (router, loop) = (router, group.loops[0])
        let outcome = Signal<Outcome?>()
        loop.spawn {
            let routed = router.begin(
                call, tenant: 0, requestID: "r-9", receivedAt: loop.now(), on: loop)
            guard let routed else { return outcome.put(nil) }
            outcome.put(await Self.take(routed, seen))
        }
        guard let outcome = await outcome.take() ?? nil else { throw NoRoute() }
        return outcome
    }

    static func take(_ routed: RoutedCall, _ seen: (String) -> Void = { _ in }) async -> Outcome {
        var outcome = Outcome()
        switch await routed.answer() {
        case .whole(let status, _, let body):
            outcome.body = String(decoding: body, as: UTF8.self)
            seen(outcome.body)
            routed.end(routed.answeredOutcome, status: status)
        case .stream(let stream):
            do throws(UpstreamFailure) {
                while let events = try await stream.next() {
                    outcome.body += String(decoding: events, as: UTF8.self)
                    seen(String(decoding: events, as: UTF8.self))
                }
                routed.end(routed.answeredOutcome, status: 200)
            } catch {
                outcome.breakOff = error
                routed.end(.interrupted, status: 200, failure: error)
            }
        case .failure(let failure):
            outcome.failure = failure
            routed.end(failure.outcome, status: failure.status, failure: failure.cause)
        }
        outcome.attempts = routed.attemptCount
        outcome.provider = routed.provider
        return outcome
    }

    func requests(_ provider: String, _ model: String, _ status: String) -> UInt64 {
        registry.counter(Catalogue.requests).series(provider, model, status).value
    }
}

func chat(_ more: String = "", stream: Bool = false, prompt: String = "hello") -> String {
    #"{"model":"chat","stream":\#(stream),\#(more)"messages":[{"role":"user","content":"\#(prompt)"}]}"#
}
