import Signalbox
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// Brings one routed call's answer to its caller.
struct ChatReply {
    let call: RoutedCall
    let exchange: Exchange
    var shape = AnswerShape.chat

    func deliver() async {
        let call = call
        exchange.whenClientLeaves { call.cancel() }
        switch await call.answer() {
        case .whole(let status, let contentType, let body):
            answer(status, contentType, body)
        case .stream(let stream): await relay(stream)
        case .failure(let failure): fail(failure)
        }
    }

    private func answer(_ status: Int, _ contentType: String, _ body: [UInt8]) {
        // The books are closed before the last byte leaves.
        if exchange.isClientGone {
            call.end(.cancelled, status: 499)
        } else {
            call.end(call.answeredOutcome, status: status)
        }
        switch shape {
        case .chat: exchange.respond(Reply(status: status, headers: headers(contentType), body: body))
        case .generate: exchange.respond(generated(from: body))
        }
    }

    private func generated(from body: [UInt8]) -> Reply {
        let answer = GenerateAnswer(
            provider: call.provider, model: call.model,
            latency: exchange.receivedAt.duration(to: exchange.loop.now()), priority: call.priority,
            attempts: call.attemptCount, requestID: call.requestID)
        if let json = answer.json(of: body) {
            return Reply(status: 200, headers: headers(ErrorObject.contentType), body: json)
        }
        let error = ErrorObject(
            status: 502, type: "upstream_error", code: "malformed_reply",
            message: "The provider's answer has no message.", attempts: call.history)
        return Reply(status: 502, headers: headers(ErrorObject.contentType), body: error.json)
    }

    private func headers(_ contentType: String) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = [
            ("content-type", contentType), ("x-request-id", call.requestID),
        ]
        headers.reserveCapacity(6)
        if call.attemptCount > 0 {
            headers.append(("x-signalbox-provider", call.provider))
            headers.append(("x-signalbox-model", call.model))
        }
        headers.append(("x-signalbox-attempts", String(call.attemptCount)))
        if let dialect = call.dialect { headers += dialect.headers(requestID: call.requestID) }
        return headers
    }

    private func fail(_ failure: CallFailure) {
        call.end(failure.outcome, status: failure.status, failure: failure.cause)
        let body = body(of: failure)
        var headers = headers(ErrorObject.contentType)
        if let wait = failure.retryAfter {
            headers.append(("retry-after", String((wait.millisecondsRoundedUp + 999) / 1000)))
        }
        // What vendors' own clients obey: they would ask again, twice, whatever Retry-After says.
        if failure.isFinal { headers.append(("x-should-retry", "false")) }
        exchange.respond(Reply(status: failure.status, headers: headers, body: body))
    }

    private func body(of failure: CallFailure) -> [UInt8] {
        let error = ErrorObject(
            status: failure.status, type: failure.type, code: failure.code, message: failure.message,
            parameter: failure.parameter, attempts: failure.attempts)
        if let dialect = call.dialect { return dialect.error(error.said, requestID: call.requestID) }
        if let object = failure.errorObject { return ErrorObject.extend(object, with: failure.attempts) }
        return error.json
    }

    // MARK: Streams

    private func relay(_ stream: RoutedStream) async {
        var headers = headers("text/event-stream; charset=utf-8")
        headers.append(("cache-control", "no-cache"))
        let reply = exchange.stream(status: 200, headers: headers)
        var clientWait: Duration = .zero
        do {
            while let events = try await stream.next() {
                let start = exchange.loop.now()
                try await reply.write(events)
                clientWait += start.duration(to: exchange.loop.now())
            }
            call.end(call.answeredOutcome, status: 200, clientWait: clientWait)
            reply.finish()
        } catch is ClientGone {
            await stream.drain()
            call.end(.cancelled, status: 200, clientWait: clientWait)
        } catch let failure as UpstreamFailure {
            await breakOff(reply, failure, clientWait)
        } catch {
            preconditionFailure("neither side of a relay throws anything else: \(error)")
        }
    }

    /// The caller has a part of the answer: it is told so in an event, and never sees the end of one
    /// that is whole.
    private func breakOff(_ reply: ReplyStream, _ failure: UpstreamFailure, _ clientWait: Duration) async {
        if failure.kind == .cancelled || exchange.isClientGone {
            call.end(.cancelled, status: 200, failure: failure, clientWait: clientWait)
            return
        }
        call.end(.interrupted, status: 200, failure: failure, clientWait: clientWait)
        let error = ErrorObject(
            status: 502, type: "upstream_error", code: "stream_interrupted",
            message: "The answer broke off: \(failure.message)", attempts: call.history)
        let event =
            call.dialect?.errorEvent(error.said, requestID: call.requestID)
            ?? Array("data: ".utf8) + error.json + Array("\n\n".utf8)
        do throws(ClientGone) {
            try await reply.write(event)
            reply.finish()
        } catch {
            return  // it has left in the meantime: nobody is there to be told
        }
    }
}

/// What becomes of a whole answer.
enum AnswerShape {
    /// It goes out as it is: in OpenAI's dialect, or the caller's own.
    case chat
    /// A prompt in, its text out.
    case generate
}
