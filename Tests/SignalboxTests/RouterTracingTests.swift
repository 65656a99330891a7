import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxTelemetry
import SignalboxTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct RouterTracingTests {
    private let parent = TraceContext(
        traceID: TraceID(high: 5, low: 6), spanID: SpanID(7), flags: .sampled, isRemote: true)

    private static let chat = RequestTrace.Origin.http(
        method: "POST", path: "/chat/completions", route: "/v1/chat/completions")

    @Test func `a request is a server's span and its attempt a client's below it`() throws {
        let test = try TestRouter(models: ["mock-normal"])
        let own = try test.ask(under: parent, origin: Self.chat)
        let (attempt, request) = try (#require(test.spans.all.first), #require(test.spans.all.last))
        #expect(test.spans.all.count == 2)
        #expect(request.context == own && own.traceID == parent.traceID)
        #expect(request.kind == .server && request.name == "POST /v1/chat/completions")
        #expect(request.parent == SpanID(7) && request.isParentRemote)
        #expect(request["url.path"] == "/chat/completions" && request["http.response.status_code"] == 200)
        #expect(request["signalbox.outcome"] == "success" && request["signalbox.route"] == "chat")
        #expect(request["signalbox.request_id"] == "r-1")
        #expect(request.status == .unset && request["error.type"] == nil)

        #expect(attempt.kind == .client && attempt.name == "chat mock-normal")
        #expect(attempt.parent == own.spanID && !attempt.isParentRemote)
        #expect(attempt.context.traceID == own.traceID && attempt.context.spanID != own.spanID)
        #expect(request.start <= attempt.start && attempt.end <= request.end && attempt.start <= attempt.end)
        #expect(attempt.scope.name == "signalbox")
    }

    @Test(arguments: [true, false])
    func `the metrics of a recorded request name its spans as examples, those of others nothing`(
        isRecorded: Bool
    ) throws {
        let test = try TestRouter(models: ["mock-normal"], hasSink: isRecorded)
        let own = try test.ask(under: parent)
        var text: [UInt8] = []
        test.registry.render(.openMetrics, into: &text)
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        func examples(_ metric: String) -> [Substring] {
            lines.filter { $0.hasPrefix(metric) && $0.contains(" # {") }
        }
        let (attempts, requests) = (
            examples("llm_request_latency_seconds_bucket"), examples("llm_client_requests_total")
        )
        #expect(attempts.count == (isRecorded ? 1 : 0) && requests.count == (isRecorded ? 1 : 0))
        guard isRecorded else { return }
        let attempt = try #require(test.spans.all.first)
        #expect(attempts[0].contains(#"trace_id="\#(own.traceID)",span_id="\#(attempt.context.spanID)""#))
        #expect(requests[0].contains(#"trace_id="\#(own.traceID)",span_id="\#(own.spanID)""#))
    }

    @Test func `an attempt says what the GenAI conventions ask for`() throws {
        let test = try TestRouter(models: ["mock-normal"])
        try test.ask()
        let attempt = try #require(test.spans.all.first)
        #expect(attempt["gen_ai.operation.name"] == "chat")
        #expect(attempt["gen_ai.provider.name"] == "p0")
        #expect(attempt["gen_ai.request.model"] == "mock-normal")
        #expect(attempt["gen_ai.response.model"] == "mock-normal")
        #expect(attempt["gen_ai.response.finish_reasons"] == .strings(["stop"]))
        #expect(attempt["gen_ai.usage.input_tokens"] == 10 && attempt["gen_ai.usage.output_tokens"] == 20)
        #expect(attempt["gen_ai.request.stream"] == nil && attempt["server.address"] == nil)
        #expect(attempt["signalbox.key"] == "none" && attempt["signalbox.attempt"] == 1)
        #expect(attempt["error.type"] == nil && attempt.status == .unset)
    }

    @Test func `an attempt's span says what was asked of the model, and quotes nothing`() throws {
        let test = try TestRouter(models: ["mock-normal"])
        try test.ask(
            parameters:
                #","temperature":0.5,"top_p":1,"max_tokens":7,"max_completion_tokens":9,"seed":-3,"n":2,"#
                + #""top_k":40,"presence_penalty":-1.5e0,"stop":["SECRET"],"#
                + #""response_format":{"type":"json_object"}"#
        )
        let attempt = try #require(test.spans.all.first)
        #expect(attempt["gen_ai.request.temperature"] == .double(0.5))
        #expect(attempt["gen_ai.request.top_p"] == .double(1))
        #expect(attempt["gen_ai.request.max_tokens"] == 9 && attempt["gen_ai.request.seed"] == -3)
        #expect(attempt["gen_ai.request.choice.count"] == 2 && attempt["gen_ai.request.top_k"] == 40)
        #expect(attempt["gen_ai.request.presence_penalty"] == .double(-1.5))
        #expect(attempt["gen_ai.request.frequency_penalty"] == nil)
        #expect(attempt["gen_ai.output.type"] == "json")
        #expect(!"\(attempt.attributes)".contains("SECRET"))
    }

    @Test func `every attempt has its span, with the failure's class`() throws {
        let test = try TestRouter(models: ["mock-ratelimit", "mock-normal"])
        try test.ask()
        let attempts = test.spans.all.filter { $0.kind == .client }
        #expect(attempts.map(\.name) == ["chat mock-ratelimit", "chat mock-normal"])
        #expect(attempts.map { $0["signalbox.attempt"] } == [1, 2])
        #expect(attempts[0]["error.type"] == "rate_limited" && attempts[0].status == .error(""))
        #expect(attempts[0]["http.response.status_code"] == 429)
        #expect(attempts[1]["error.type"] == nil)
        #expect(Set(attempts.map(\.context.spanID)).count == 2)
        #expect(Set(test.spans.all.map(\.context.traceID)).count == 1)
        #expect(try #require(test.spans.all.last)["signalbox.outcome"] == "fallback")
    }

    @Test func `a request that nobody could answer is an error of the server`() throws {
        let test = try TestRouter(models: ["mock-ratelimit"])
        try test.ask(origin: Self.chat)
        let request = try #require(test.spans.all.last)
        #expect(request.status == .error("") && request["error.type"] == "rate_limited")
        #expect(request["http.response.status_code"] == 429 && request["signalbox.outcome"] == "exhausted")
    }

    @Test func `a stream's span ends with the stream and knows its first chunk`() throws {
        let test = try TestRouter(models: ["mock-normal"])
        try test.ask(stream: true)
        let attempt = try #require(test.spans.all.first)
        #expect(attempt["gen_ai.request.stream"] == .bool(true))
        guard case .double(let seconds) = attempt["gen_ai.response.time_to_first_chunk"] else {
            Issue.record("no time to the first chunk")
            return
        }
        #expect(seconds >= 0 && seconds < 60)
        #expect(attempt["gen_ai.response.finish_reasons"] == .strings(["stop"]))
        #expect(attempt["gen_ai.response.model"] == "mock-normal")
    }

    @Test func `a stream that breaks ends in an error, in both spans`() throws {
        let test = try TestRouter(models: ["mock-cut"])
        try test.ask(stream: true)
        #expect(test.spans.all.count == 2)
        for span in test.spans.all {
            #expect(span["error.type"] == "interrupted" && span.status == .error(""))
        }
        #expect(test.spans.all[0]["gen_ai.response.finish_reasons"] == .strings(["error"]))
    }

    @Test func `the caller's decision wins over the ratio, which decides where there is none`() throws {
        let none = try TestRouter(models: ["mock-normal"]) { $0.tracing.sampleRatio = 0 }
        #expect(try !none.ask().isSampled)
        #expect(none.spans.all.isEmpty)
        #expect(try none.ask(under: parent).isSampled)
        #expect(none.spans.all.count == 2)
        let all = try TestRouter(models: ["mock-normal"])
        var unsampled = parent
        unsampled.flags = []
        #expect(try !all.ask(under: unsampled).isSampled)
        #expect(all.spans.all.isEmpty)
    }

    @Test func `without a sink there are ids and no spans, and the caller's flag goes on`() throws {
        let test = try TestRouter(models: ["mock-normal"], hasSink: false)
        let (first, second) = try (test.ask(), test.ask())
        #expect(first.traceID.isValid && first.spanID.isValid && !first.isSampled)
        #expect(first.traceID != second.traceID)
        #expect(try test.ask(under: parent).isSampled)
        #expect(test.spans.all.isEmpty)
    }

    @Test func `a program's own span is the parent of what it asks the router`() throws {
        let test = try TestRouter(models: ["mock-normal"])
        let own = TraceContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), flags: .sampled)
        try test.ask(under: own)
        let request = try #require(test.spans.all.last)
        #expect(request.context.traceID == own.traceID && request.parent == own.spanID)
        #expect(request.name == "route chat" && request.kind == .internal && !request.isParentRemote)
    }

    @Test func `what is turned away has a span too, which is no error of ours`() throws {
        let test = try TestRouter(models: ["mock-normal"])
        let parent = parent
        try test.turnAway { $0.trace(under: parent, origin: Self.chat, on: $1) }
        let span = try #require(test.spans.all.first)
        #expect(span.kind == .server && span["http.response.status_code"] == 404)
        #expect(span["signalbox.outcome"] == "invalid" && span["signalbox.route"] == nil)
        #expect(span.status == .unset && span.parent == parent.spanID)
    }

    @Test(arguments: [false, true])
    func `no prompt and no answer is in a span, whatever is logged`(stream: Bool) throws {
        let test = try TestRouter(models: ["mock-normal"]) {
            $0.providers[0].mock?.text = "the quick brown answer"
            $0.logging.logsContent = true
        }
        try test.ask(stream: stream, prompt: "the slow green prompt")
        #expect(test.spans.all.count == 2)
        for span in test.spans.all {
            let said = "\(span)"
            #expect(!said.contains("green") && !said.contains("brown"))
        }
    }
}
