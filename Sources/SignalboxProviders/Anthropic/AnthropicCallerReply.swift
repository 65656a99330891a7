import SignalboxCore

/// Writes a `chat.completion` as Anthropic's message. Of several choices the first is the answer: this
/// dialect cannot ask for more.
enum AnthropicCallerReply {
    static func write(_ completion: [UInt8], requestID: String) throws(UpstreamFailure) -> [UInt8] {
        let answer: JSONTree
        do throws(JSONSyntaxError) {
            answer = try JSONTree(parsing: completion)
        } catch {
            throw UpstreamFailure(.malformedReply, message: "the provider's answer is no JSON (\(error))")
        }
        guard let choice = answer["choices"]?.elements?.first else {
            throw UpstreamFailure(.malformedReply, message: "the provider's answer has no choices")
        }
        return JSONTree.object([
            "id": .string(id(answer, requestID)), "type": "message", "role": "assistant",
            "model": .string(answer["model"]?.string ?? ""),
            "content": .array(try blocks(of: choice["message"] ?? .null)),
            "stop_reason": .string(stopReason(choice["finish_reason"]?.string)), "stop_sequence": .null,
            "usage": usage(answer["usage"]),
        ]).json
    }

    static func id(_ answer: JSONTree, _ requestID: String) -> String {
        guard let id = answer["id"]?.string, !id.isEmpty else { return "msg_\(requestID)" }
        return id
    }

    /// By OpenAI's word; nil where there is none counts as a good end.
    static func stopReason(_ finish: String?) -> String {
        switch finish {
        case "length": "max_tokens"
        case "tool_calls", "function_call": "tool_use"
        case "content_filter": "refusal"
        default: "end_turn"
        }
    }

    /// Anthropic leaves out of its input what came from the cache or went into it.
    static func usage(_ usage: JSONTree?) -> JSONTree {
        func count(_ value: JSONTree?) -> Int { value?.tokenCount ?? 0 }
        let details = usage?["prompt_tokens_details"]
        let read = count(details?["cached_tokens"])
        let write = count(details?["cache_write_tokens"])
        let cached = read.addingReportingOverflow(write)
        let prompt = count(usage?["prompt_tokens"])
        let thinking = count(usage?["completion_tokens_details"]?["reasoning_tokens"])
        return .object([
            "input_tokens": .integer(cached.overflow ? 0 : max(0, prompt - cached.partialValue)),
            "cache_creation_input_tokens": .integer(write), "cache_read_input_tokens": .integer(read),
            "output_tokens": .integer(count(usage?["completion_tokens"])),
            "output_tokens_details": thinking > 0 ? .object(["thinking_tokens": .integer(thinking)]) : nil,
        ])
    }

    private static func blocks(of message: JSONTree) throws(UpstreamFailure) -> [JSONTree] {
        var blocks: [JSONTree] = []
        let reasoning = message["reasoning_content"]?.string ?? message["reasoning"]?.string ?? ""
        if !reasoning.isEmpty {
            blocks.append(.object(["type": "thinking", "thinking": .string(reasoning), "signature": ""]))
        }
        let text = (message["content"]?.string ?? "") + (message["refusal"]?.string ?? "")
        if !text.isEmpty { blocks.append(.object(["type": "text", "text": .string(text)])) }
        for call in message["tool_calls"]?.elements ?? [] {
            let name = call["function"]?["name"]?.string ?? ""
            blocks.append(
                .object([
                    "type": "tool_use", "id": .string(call["id"]?.string ?? ""), "name": .string(name),
                    "input": try input(call["function"]?["arguments"]?.string ?? "", of: name),
                ]))
        }
        return blocks
    }

    /// OpenAI has arguments as the model wrote them, Anthropic as an object.
    private static func input(_ arguments: String, of name: String) throws(UpstreamFailure) -> JSONTree {
        if arguments.allSatisfy(\.isWhitespace) { return .object([:]) }
        do throws(JSONSyntaxError) {
            let input = try JSONTree(parsing: Array(arguments.utf8))
            if input.members != nil { return input }
        } catch {
            throw UpstreamFailure(
                .malformedReply, message: "the arguments of a tool call are no JSON (\(error))")
        }
        throw UpstreamFailure(.malformedReply, message: "the arguments of a tool call are no object")
    }
}
