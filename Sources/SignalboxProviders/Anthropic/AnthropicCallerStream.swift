import SignalboxCore

/// Writes chunks of OpenAI's dialect as Anthropic's events.
///
/// ```
/// message_start ─► (content_block_start ─► content_block_delta… ─► content_block_stop)… ─► message_delta
///    start               open                    append                  close                 end
/// ```
/// One block is open at a time; another kind of content closes it. `message_delta` waits for the end, as
/// usage comes after the reason to stop.
struct AnthropicCallerStream: StreamRenderer {
    private enum Block: Equatable {
        case text, thinking
        /// OpenAI's index of the call.
        case call(Int)
    }

    private let requestID: String
    private var hasStarted = false
    private var open: Block?
    /// Blocks begun: the open one is the last.
    private var blockCount = 0
    private var callsBegun: Set<Int> = []
    private var finish: String?
    private var usage: JSONTree?

    init(requestID: String) {
        self.requestID = requestID
    }

    mutating func append(
        _ bytes: [UInt8], in range: Range<Int>, to output: inout [UInt8]
    ) throws(UpstreamFailure) {
        let chunk: JSONTree
        do throws(JSONSyntaxError) {
            chunk = try JSONTree(parsing: bytes, in: range)
        } catch {
            throw UpstreamFailure(.malformedReply, message: "a chunk that is no JSON (\(error))")
        }
        if !hasStarted { start(chunk, &output) }
        if let latest = chunk["usage"], latest.members != nil { usage = latest }
        for choice in chunk["choices"]?.elements ?? [] where choice["index"]?.integer ?? 0 == 0 {
            finish = choice["finish_reason"]?.string ?? finish
            guard let delta = choice["delta"] else { continue }
            let reasoning = delta["reasoning_content"]?.string ?? delta["reasoning"]?.string
            write(reasoning, in: .thinking, &output)
            write(delta["content"]?.string, in: .text, &output)
            write(delta["refusal"]?.string, in: .text, &output)
            for call in delta["tool_calls"]?.elements ?? [] { try write(call, &output) }
        }
    }

    mutating func end(to output: inout [UInt8]) {
        if !hasStarted { start(.object([:]), &output) }
        close(&output)
        send(
            "message_delta",
            [
                "delta": .object([
                    "stop_reason": .string(AnthropicCallerReply.stopReason(finish)), "stop_sequence": .null,
                ]),
                "usage": AnthropicCallerReply.usage(usage),
            ], &output)
        send("message_stop", [:], &output)
    }

    private mutating func start(_ chunk: JSONTree, _ output: inout [UInt8]) {
        hasStarted = true
        let message = JSONTree.object([
            "id": .string(AnthropicCallerReply.id(chunk, requestID)), "type": "message", "role": "assistant",
            "model": .string(chunk["model"]?.string ?? ""), "content": .array([]), "stop_reason": .null,
            "stop_sequence": .null, "usage": AnthropicCallerReply.usage(nil),
        ])
        send("message_start", ["message": message], &output)
    }

    private mutating func write(_ text: String?, in block: Block, _ output: inout [UInt8]) {
        guard let text, !text.isEmpty else { return }
        let isThinking = block == .thinking
        let field = isThinking ? "thinking" : "text"
        if open != block {
            var members: [JSONTree.Member] = [.init("type", .string(field)), .init(field, "")]
            if isThinking { members.append(.init("signature", "")) }
            begin(block, .object(members), &output)
        }
        delta([.init("type", .string(field + "_delta")), .init(field, .string(text))], &output)
    }

    /// A call's name comes with its first piece; blocks cannot be taken up again once they are closed.
    private mutating func write(_ call: JSONTree, _ output: inout [UInt8]) throws(UpstreamFailure) {
        let index = call["index"]?.integer ?? max(0, callsBegun.count - 1)
        if callsBegun.insert(index).inserted {
            let block = JSONTree.object([
                "type": "tool_use", "id": .string(call["id"]?.string ?? ""),
                "name": .string(call["function"]?["name"]?.string ?? ""), "input": .object([:]),
            ])
            begin(.call(index), block, &output)
        }
        guard let piece = call["function"]?["arguments"]?.string, !piece.isEmpty else { return }
        guard open == .call(index) else {
            throw UpstreamFailure(.malformedReply, message: "the pieces of parallel tool calls are mixed")
        }
        delta([.init("type", "input_json_delta"), .init("partial_json", .string(piece))], &output)
    }

    private mutating func begin(_ block: Block, _ content: JSONTree, _ output: inout [UInt8]) {
        close(&output)
        open = block
        blockCount += 1
        send("content_block_start", ["index": .integer(blockCount - 1), "content_block": content], &output)
    }

    private func delta(_ members: [JSONTree.Member], _ output: inout [UInt8]) {
        send("content_block_delta", ["index": .integer(blockCount - 1), "delta": .object(members)], &output)
    }

    private mutating func close(_ output: inout [UInt8]) {
        guard open != nil else { return }
        open = nil
        send("content_block_stop", ["index": .integer(blockCount - 1)], &output)
    }

    private func send(
        _ type: String, _ members: KeyValuePairs<String, JSONTree?>, _ output: inout [UInt8]
    ) {
        let event = [JSONTree.Member("type", .string(type))] + (JSONTree.object(members).members ?? [])
        AnthropicEventText.append(type, JSONTree.object(event).json[...], to: &output)
    }
}
