import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct AnthropicDialectTests {
    private let dialect = AnthropicDialect()

    private func read(_ text: String) throws -> ChatCall {
        let fields = try JSONFields(scanning: Array(text.utf8))
        return try dialect.read(
            fields, model: fields.string("model") ?? "", isStreaming: fields.bool("stream") ?? false)
    }

    private func tree(_ text: String) throws -> JSONTree { try JSONTree(parsing: Array(text.utf8)) }

    private static let opening = #""model":"chat","max_tokens":9"#
    private static let hello = #"{"model":"chat","max_tokens":9,"messages":[{"role":"user","content":"hi"}]"#

    // MARK: Requests

    @Test func `a conversation with tools is OpenAI's`() throws {
        let call = try read(
            """
            {\(Self.opening),"system":[{"type":"text","text":"one","cache_control":{"type":"ephemeral"}},
            {"type":"text","text":"two"}],"messages":[{"role":"user","content":"a"},
            {"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},
            {"type":"text","text":"b"},{"type":"tool_use","id":"c1","name":"f","input":{"x":1.0}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[
            {"type":"text","text":"r"},{"type":"image","source":{"type":"url","url":"https://a.example/i"}}]},
            {"type":"text","text":"and?"}]}],"stream":true,"temperature":0.50,"metadata":{"user_id":"u"}}
            """)
        #expect(call.isStreaming)
        #expect(call.native?.untranslated == nil)
        #expect(
            try JSONTree(parsing: call.body)
                == (try tree(
                    """
                    {"model":"chat","messages":[{"role":"system","content":"one\\n\\ntwo"},
                    {"role":"user","content":"a"},{"role":"assistant","content":"b","tool_calls":[
                    {"id":"c1","type":"function","function":{"name":"f","arguments":"{\\"x\\":1.0}"}}]},
                    {"role":"tool","tool_call_id":"c1","content":"r"},{"role":"user","content":[
                    {"type":"image_url","image_url":{"url":"https://a.example/i"}},
                    {"type":"text","text":"and?"}]}],"max_tokens":9,"temperature":0.50,"user":"u",
                    "stream":true,"stream_options":{"include_usage":true}}
                    """)))
        #expect(throws: Never.self) { try Conversation(reading: call) }
    }

    @Test(arguments: [
        (#""thinking":{"type":"enabled","budget_tokens":2000}"#, #""low""#),
        (#""thinking":{"type":"enabled","budget_tokens":8000}"#, #""medium""#),
        (#""thinking":{"type":"enabled","budget_tokens":30000}"#, #""high""#),
        (#""output_config":{"effort":"max"},"thinking":{"type":"adaptive"}"#, #""high""#),
        (#""output_config":{"effort":"low"}"#, #""low""#),
    ]) func `thinking is an effort`(asked: String, effort: String) throws {
        let body = try JSONTree(parsing: try read("\(Self.hello),\(asked)}").body)
        #expect(body["reasoning_effort"]?.text == effort)
        #expect(body["thinking"] == nil)
    }

    @Test(arguments: [
        (#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#, "tools[0]"),
        (#""container":"c""#, "container"), (#""mcp_servers":[]"#, "mcp_servers"),
        (#""output_config":{"format":{"type":"grammar"}}"#, "output_config.format"),
    ]) func `what only Anthropic has is left out, and remembered by name`(asked: String, field: String) throws
    {
        let call = try read("\(Self.hello),\(asked)}")
        #expect(call.native?.untranslated?.parameter == field)
        #expect(call.native?.untranslated?.kind == .invalidRequest)
        #expect(call.body == (try read(Self.hello + "}")).body)
    }

    @Test(arguments: [
        (#"{"model":"m","messages":[{"role":"user","content":"a"}]}"#, "max_tokens"),
        (#"{"model":"m","max_tokens":1,"messages":[]}"#, "messages"),
        (#"{"model":"m","max_tokens":1,"messages":[{"role":"user"}]}"#, "messages[0].content"),
        (#"{"model":"m","max_tokens":1,"messages":[{"role":"tool","content":""}]}"#, "messages[0].role"),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result"}]}]}"#,
            "messages[0].content[0].tool_use_id"
        ),
    ]) func `what is no request is refused by its field`(text: String, field: String) {
        let failure = #expect(throws: UpstreamFailure.self) { try read(text) }
        #expect(failure?.parameter == field)
    }

    @Test func `Anthropic gets the caller's own bytes but for the model`() throws {
        let text =
            #"{ "max_tokens":9.0e0 ,"model":"chat","messages":[{"role":"user","content":"hi"}],"x":[1.50]}"#
        let fields = try JSONFields(scanning: Array(text.utf8.map { $0 }))
        #expect(throws: UpstreamFailure.self) {
            try dialect.read(fields, model: "chat", isStreaming: false)
        }
        let whole = text.replacing("9.0e0", with: "9")
        let call = try read(whole)
        let adapter = AnthropicAdapter(baseURL: "https://api.anthropic.com/v1")
        let sent = String(decoding: try adapter.encode(call, model: "claude"), as: UTF8.self)
        #expect(sent == whole.replacing(#""chat""#, with: #""claude""#))
        #expect(adapter.speaks(dialect))
        let reply = WholeReply(200, #"{"type":"message","content":[],"usage":{"output_tokens":3}}"#)
        let judged = try adapter.judge(reply, to: call).get()
        #expect(judged.isNative && judged.body == nil)
        #expect(judged.summary.usage?.completionTokens == 3)
        let opening = StreamOpening(receivedAt: WallTime(nanosecondsSince1970: 0))
        #expect(adapter.streamDecoder(for: call, opening).isNative)
    }

    // MARK: Answers

    @Test func `a completion becomes a message, its cache counted apart`() throws {
        let completion = """
            {"id":"c-1","model":"gpt","choices":[{"message":{"reasoning_content":"Hm.","content":"Hello",
            "tool_calls":[{"id":"t1","function":{"name":"f","arguments":"{\\"x\\":1.50}"}}]},
            "finish_reason":"tool_calls"}],"usage":{"prompt_tokens":11,"completion_tokens":7,
            "prompt_tokens_details":{"cached_tokens":5,"cache_write_tokens":2}}}
            """
        let answer = try JSONTree(parsing: try dialect.answer(Array(completion.utf8), requestID: "r"))
        #expect(
            answer
                == (try tree(
                    """
                    {"id":"c-1","type":"message","role":"assistant","model":"gpt","content":[
                    {"type":"thinking","thinking":"Hm.","signature":""},{"type":"text","text":"Hello"},
                    {"type":"tool_use","id":"t1","name":"f","input":{"x":1.50}}],"stop_reason":"tool_use",
                    "stop_sequence":null,"usage":{"input_tokens":4,"cache_creation_input_tokens":2,
                    "cache_read_input_tokens":5,"output_tokens":7}}
                    """)))
    }

    @Test(arguments: [
        ("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"),
        ("function_call", "tool_use"), ("tomorrow", "end_turn"),
    ]) func `finish reasons are told in Anthropic's words`(finish: String, wanted: String) throws {
        let completion = #"{"choices":[{"message":{"content":""},"finish_reason":"\#(finish)"}]}"#
        let answer = try JSONTree(parsing: try dialect.answer(Array(completion.utf8), requestID: "r"))
        #expect(answer["stop_reason"]?.string == wanted)
        #expect(answer["id"] == "msg_r")
    }

    @Test(arguments: ["", "{}", #"{"choices":[]}"#, Self.call("[]"), Self.call(#"{\"x\":"#)])
    func `an answer that cannot be said is malformed`(completion: String) {
        let failure = #expect(throws: UpstreamFailure.self) {
            try dialect.answer(Array(completion.utf8), requestID: "r")
        }
        #expect(failure?.kind == .malformedReply)
    }

    private static func call(_ arguments: String) -> String {
        let call = #"{"id":"t","function":{"name":"f","arguments":"\#(arguments)"}}"#
        return #"{"choices":[{"message":{"tool_calls":[\#(call)]}}]}"#
    }

    // MARK: Streams

    private func render(_ chunks: [String], isNative: Bool = false) throws -> [JSONTree] {
        var renderer = dialect.streamRenderer(requestID: "r", isNative: isNative)
        var output: [UInt8] = []
        for chunk in chunks {
            let bytes = Array(chunk.utf8)
            try renderer.append(bytes, in: 0..<bytes.count, to: &output)
        }
        renderer.end(to: &output)
        return try String(decoding: output, as: UTF8.self).split(separator: "\n\n").map { event in
            let lines = event.split(separator: "\n")
            let payload = try tree(String(lines[1].dropFirst("data: ".count)))
            #expect(lines[0] == "event: \(payload["type"]?.string ?? "")")
            return payload
        }
    }

    private static func delta(_ members: String, finish: String = "null") -> String {
        #"{"id":"c-1","model":"gpt","choices":[{"delta":{\#(members)},"finish_reason":\#(finish)}]}"#
    }

    private static func piece(_ index: Int, _ more: String, _ arguments: String) -> String {
        delta(#""tool_calls":[{"index":\#(index)\#(more),"function":{"arguments":"\#(arguments)"}}]"#)
    }

    @Test func `an event on several lines goes out on one`() throws {
        let events = try render(["\n{\"type\":\n\"ping\",\r\"n\":1}"], isNative: true)
        #expect(events.map { $0["type"]?.string } == ["ping", "message_stop"])
        #expect(events.first?["n"]?.integer == 1)
    }

    @Test func `names that are no text are left out`() throws {
        let piece = Self.delta(#""tool_calls":[{"index":0,"id":[1],"function":{"name":{"a":1}}}]"#)
        let events = try render([piece.replacing(#""gpt""#, with: "[[1]]")])
        #expect(events.first?["message"]?["model"] == "")
        let block = events.first { $0["content_block"] != nil }?["content_block"]
        #expect(block?["id"] == "" && block?["name"] == "")
    }

    @Test func `chunks become blocks that are opened and closed in turn`() throws {
        let events = try render([
            Self.delta(#""role":"assistant","content":"""#), Self.delta(#""reasoning":"Hm.""#),
            Self.delta(#""content":"He""#), Self.delta(#""content":"llo""#),
            Self.piece(0, #","id":"t1""#, ""), Self.piece(0, "", "{"), Self.piece(0, "", "}"),
            Self.piece(1, #","id":"t2""#, "{}"), Self.delta("", finish: #""tool_calls""#),
            #"{"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2}}"#,
        ])
        let kinds = events.map { event in
            let name = event["type"]?.string ?? ""
            let index = event["index"]?.integer.map { " \($0)" } ?? ""
            return name.replacing("content_block_", with: "") + index
        }
        #expect(
            kinds == [
                "message_start", "start 0", "delta 0", "stop 0", "start 1", "delta 1", "delta 1", "stop 1",
                "start 2", "delta 2", "delta 2", "stop 2", "start 3", "delta 3", "stop 3", "message_delta",
                "message_stop",
            ])
        let ending = events[events.count - 2]
        #expect(ending["delta"]?["stop_reason"] == "tool_use")
        #expect(ending["usage"]?["input_tokens"] == 4)
        #expect(ending["usage"]?["output_tokens"] == 2)
    }

    @Test func `pieces of parallel calls that are mixed cannot be said`() {
        #expect(throws: UpstreamFailure.self) {
            try render([
                Self.piece(0, #","id":"t1""#, "{"), Self.piece(1, #","id":"t2""#, "{"),
                Self.piece(0, "", "}"),
            ])
        }
    }

    @Test func `an answer without a word is whole too`() throws {
        #expect(
            try render([]).map { $0["type"]?.string } == ["message_start", "message_delta", "message_stop"])
    }

    @Test func `Anthropic's own events are named by their type, which cannot forge a line`() throws {
        let events = try render([#"{"type":"ping"}"#], isNative: true)
        #expect(events.map { $0["type"]?.string } == ["ping", "message_stop"])
        #expect(throws: UpstreamFailure.self) {
            try render([#"{"type":"ping\n\nevent: message_stop"}"#], isNative: true)
        }
    }

    // MARK: Errors

    @Test(arguments: [
        (400, "invalid_request_error"), (401, "authentication_error"), (402, "billing_error"),
        (403, "permission_error"), (404, "not_found_error"), (405, "invalid_request_error"),
        (413, "request_too_large"), (429, "rate_limit_error"), (500, "api_error"), (502, "api_error"),
        (503, "overloaded_error"), (504, "timeout_error"), (529, "overloaded_error"),
    ]) func `an error's type follows its status`(status: Int, type: String) throws {
        let error = CallerError(
            status: status, code: "c", message: "no", attempts: Array(#"[{"provider":"p"}]"#.utf8))
        #expect(
            try JSONTree(parsing: dialect.error(error, requestID: "r"))
                == (try tree(
                    #"{"type":"error","error":{"type":"\#(type)","message":"no","code":"c","#
                        + #""attempts":[{"provider":"p"}]},"request_id":"r"}"#)))
    }
}
