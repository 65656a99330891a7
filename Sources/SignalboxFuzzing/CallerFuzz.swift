import SignalboxCore
import SignalboxHTTP
import SignalboxProviders

/// Answers as they are handed over to a caller of Anthropic's dialect: an OpenAI-shaped provider's bytes come
/// here as they came.
enum CallerFuzz {
    static let targets = [
        FuzzTarget("message-answers", words: words, sample: answer, brokenPromise: answerWritten),
        FuzzTarget("message-streams", words: words, sample: stream, brokenPromise: streamWritten),
    ]

    private static let words = [
        "\"choices\":", "\"delta\":", "\"message\":", "\"tool_calls\":", "\"index\":1", "\"arguments\":",
        "\"finish_reason\":\"stop\"", "\"usage\":", "\"type\":", "message_start", "content_block_delta",
        "data:", "data: [DONE]\n\n",
    ]

    /// OpenAI's own, and Anthropic's, which pass as they are.
    private static let subjects = FuzzSubject.all.filter { [.openai, .anthropic].contains($0.kind) }

    private static func answer(_ mutation: inout FuzzMutation) -> [UInt8] {
        mutation.pick(mutation.pick(subjects).replies).body
    }

    private static func answerWritten(_ input: [UInt8]) -> String? {
        let dialect = AnthropicDialect()
        guard dialect.text(of: input, in: 0..<input.count).utf8.count <= 3 * input.count else {
            return "the text of an answer is a part of it"
        }
        do throws(UpstreamFailure) {
            let written = try dialect.answer(input, requestID: "fuzz")
            guard JSONFuzz.isObject(written) else { return "what is written is a JSON object" }
            return FuzzBound.holds(written.count, from: input) ? nil : "what is written is bounded"
        } catch {
            return error.kind == .malformedReply ? nil : "what cannot be said is malformed: \(error)"
        }
    }

    /// First whether the events are in the caller's dialect already.
    private static func stream(_ mutation: inout FuzzMutation) -> [UInt8] {
        let number = mutation.index(of: subjects)
        let isNative: UInt8 = subjects[number].kind == .anthropic ? 1 : 0
        return [isNative] + mutation.pick(subjects[number].streams).body
    }

    private static func streamWritten(_ bytes: [UInt8]) -> String? {
        var input = FuzzInput(bytes)
        let isNative = input.choice(of: [false, true]) ?? false
        var renderer = AnthropicDialect().streamRenderer(requestID: "fuzz", isNative: isNative)
        var output: [UInt8] = []
        var count = 1
        do throws(UpstreamFailure) {
            for event in events(in: input.bytes) {
                try renderer.append(event.bytes, in: event.data, to: &output)
                count += 1
            }
            renderer.end(to: &output)
        } catch {
            guard error.kind == .malformedReply else { return "what cannot be said is malformed: \(error)" }
        }
        guard FuzzBound.holds(output.count, from: bytes, envelopes: count) else {
            return "a stream is bounded"
        }
        let written = events(in: output)
        return written.allSatisfy { JSONFuzz.isObject(Array($0.bytes[$0.data])) }
            ? nil : "every event that is written is a JSON object"
    }

    /// Up to one that is too long.
    private static func events(in bytes: [UInt8]) -> [ServerSentEvent] {
        var decoder = ServerSentEvents()
        decoder.push(bytes)
        var events: [ServerSentEvent] = []
        do throws(ServerSentEventsError) {
            while let event = try decoder.next() { events.append(event) }
        } catch {
            return events
        }
        return events
    }
}
