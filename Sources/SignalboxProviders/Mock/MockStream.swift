import SignalboxCore

extension MockScript {
    /// The reply to a call that streams: one event a step, as a provider would send them that was
    /// asked for its count of tokens.
    func streamed() -> ReplyScript {
        if let failure = MockFailure.script(for: mode, settings: settings) { return failure }
        var steps: [ReplyScript.Step] = [
            .wait(settings.latency), .head(status: 200, headers: ["content-type": "text/event-stream"]),
            chunk(#"{"role":"assistant","content":""}"#, finish: "null"),
        ]
        for (index, piece) in pieces().enumerated() {
            if index >= settings.cutAfterChunks, let end = brokenEnd {
                return ReplyScript(steps: steps + [end])
            }
            if index > 0, settings.chunkInterval > .zero { steps.append(.wait(settings.chunkInterval)) }
            var delta = Array(#"{"content":"#.utf8)
            JSONText.append(piece, to: &delta)
            steps.append(chunk(String(decoding: delta, as: UTF8.self) + "}", finish: "null"))
            if index == 0, mode == .malformedChunk { steps.append(event(Array(#"{"choices":[{"#.utf8))) }
        }
        if let end = brokenEnd { return ReplyScript(steps: steps + [end]) }
        steps.append(chunk("{}", finish: #""stop""#))
        var count = envelope(object: "chat.completion.chunk")
        count += Array(#""choices":[],"usage":"#.utf8)
        appendUsage(to: &count)
        steps.append(event(count + [UInt8(ascii: "}")]))
        steps.append(event(Array("[DONE]".utf8)))
        return ReplyScript(steps: steps)
    }

    /// The same, for an answer that has been begun elsewhere: what the text has behind those words, or all of
    /// it if it does not begin with them.
    func streamed(behind begun: String, of call: ChatCall) -> ReplyScript {
        var settings = settings
        if settings.text.hasPrefix(begun) { settings.text.removeFirst(begun.count) }
        return MockScript(model: model, settings: settings).streamed()
    }

    /// How a stream of this mode breaks; nil where it does not.
    private var brokenEnd: ReplyScript.Step? {
        switch mode {
        case .cut: .cut
        case .stall: .stall
        case .normal, .timeout, .unhealthy, .rateLimit, .authError, .invalidRequest, .malformed,
            .malformedChunk:
            nil
        }
    }

    private func chunk(_ delta: String, finish: String) -> ReplyScript.Step {
        var bytes = envelope(object: "chat.completion.chunk")
        let choice = #"{"index":0,"delta":\#(delta),"logprobs":null,"finish_reason":\#(finish)}"#
        bytes += Array("\"choices\":[\(choice)]}".utf8)
        return event(bytes)
    }

    private func event(_ data: [UInt8]) -> ReplyScript.Step {
        .bytes(Array("data: ".utf8) + data + Array("\n\n".utf8))
    }

    /// The text in `chunkCount` pieces of nearly the same length; fewer if it has not that many characters.
    private func pieces() -> [String] {
        let characters = Array(settings.text)
        let count = min(settings.chunkCount, max(1, characters.count))
        return (0..<count).map { index in
            String(characters[characters.count * index / count..<characters.count * (index + 1) / count])
        }
    }
}
