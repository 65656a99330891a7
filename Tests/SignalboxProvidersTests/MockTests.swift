import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct MockTests {
    private let adapter = MockAdapter(
        settings: MockSettings(
            latency: .milliseconds(5), chunkCount: 3, chunkInterval: .milliseconds(2), text: "один\n\"2\""))

    private let opening = StreamOpening(receivedAt: WallTime(nanosecondsSince1970: 0))

    private func script(_ model: String, _ request: String) throws -> [ReplyScript.Step] {
        let call = try ChatCall(text: request)
        guard case .script(let script) = adapter.target(.chat, model: model, key: nil) else {
            Issue.record("the mock goes to the network")
            return []
        }
        return script(call).steps
    }

    private func judged(_ steps: [ReplyScript.Step]) throws -> Result<ReplySummary, UpstreamFailure>? {
        var status = 0
        var fields: [String: String] = [:]
        var body: [UInt8] = []
        for step in steps {
            switch step {
            case .head(let code, let headers): (status, fields) = (code, headers)
            case .bytes(let bytes): body += bytes
            case .wait: break
            case .cut, .stall: return nil
            }
        }
        let reply = WholeReply(status, String(decoding: body, as: UTF8.self), fields)
        return adapter.judge(reply, to: try ChatCall(text: "{}")).map(\.summary)
    }

    private func events(_ steps: [ReplyScript.Step]) -> [[UInt8]] {
        steps.compactMap { step in
            switch step {
            case .bytes(let bytes): Array(bytes.dropFirst(6).dropLast(2))
            case .wait, .head, .cut, .stall: nil
            }
        }
    }

    @Test func `a normal answer has what OpenAI's client needs`() throws {
        let steps = try script("any-model", #"{"model":"chat"}"#)
        #expect(steps.first == .wait(.milliseconds(5)))
        #expect(
            try judged(steps)
                == .success(
                    ReplySummary(
                        usage: TokenUsage(promptTokens: 10, completionTokens: 20), finishReason: "stop",
                        model: "any-model")))
        guard case .bytes(let body) = steps.last else { return }
        let fields = try JSONFields(scanning: body)
        #expect(fields.string("model") == "any-model")
        #expect(fields.string("object") == "chat.completion")
        #expect(fields.integer("created") != nil && fields.string("id") != nil)
        let choices = try #require(fields["choices"])
        let choice = try #require(JSONScan.elements(of: choices, in: body).first { _ in true })
        let message = try #require(JSONScan.member("message", of: choice, in: body))
        let content = try #require(JSONScan.member("content", of: message, in: body))
        #expect(JSONScan.string(at: content, in: body) == "один\n\"2\"")
    }

    @Test(arguments: [true, false]) func `a stream gives the text in pieces, and its usage, asked or not`(
        asked: Bool
    ) throws {
        let steps = try script(
            "mock-normal", #"{"model":"m","stream":true,"stream_options":{"include_usage":\#(asked)}}"#)
        var decoder = adapter.streamDecoder(for: try ChatCall(text: "{}"), opening)
        let events = events(steps)
        let judged = events.map { decoder.decode($0, in: 0..<$0.count) }
        #expect(judged.count { $0 == .forward(hasDelta: true) } == 3)
        #expect(judged.last == .done)
        #expect(decoder.summary.usage != nil)
        #expect(decoder.summary.finishReason == "stop")
        #expect(steps.count { $0 == .wait(.milliseconds(2)) } == 2)
    }

    @Test(
        arguments: [
            (.unhealthy, .overloaded), (.rateLimit, .rateLimited), (.authError, .keyRejected),
            (.invalidRequest, .invalidRequest), (.malformed, .malformedReply),
        ] as [(MockMode, FailureKind)]) func `each failing model fails as its name says`(
            mode: MockMode, kind: FailureKind
        ) throws
    {
        for request in [#"{"model":"m"}"#, #"{"model":"m","stream":true}"#] {
            guard case .failure(let failure)? = try judged(try script(mode.rawValue, request)) else {
                Issue.record("\(mode) answered")
                continue
            }
            #expect(failure.kind == kind)
            #expect(failure.retryAfter == (mode == .rateLimit ? .seconds(1) : nil))
        }
    }

    @Test func `the modes that break end as their names say`() throws {
        for request in [#"{"model":"m"}"#, #"{"model":"m","stream":true}"#] {
            #expect(try script("mock-timeout", request) == [.stall])
            #expect(try script("mock-stall", request).last == .stall)
            #expect(try script("mock-cut", request).last == .cut)
        }
        let cut = events(try script("mock-cut", #"{"model":"m","stream":true}"#))
        #expect(cut.count == 3)
        var decoder = adapter.streamDecoder(for: try ChatCall(text: "{}"), opening)
        let spoiled = events(try script("mock-malformed-chunk", #"{"model":"m","stream":true}"#))
        #expect(spoiled.count { decoder.decode($0, in: 0..<$0.count) == .malformed } == 1)
    }
}
