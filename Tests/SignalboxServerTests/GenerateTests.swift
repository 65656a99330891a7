import SignalboxCore
import Testing

@testable import SignalboxServer

@Suite struct GenerateTests {
    private func read(_ text: String) throws(RequestError) -> ChatCall {
        try GenerateRequest.read(Array(text.utf8), defaultModel: "first")
    }

    @Test func `a prompt is a chat of one message at the first route, its options as they were spelled`()
        throws
    {
        let call = try read(
            #"{"prompt":"hi \"you\"","priority":"HIGH","temperature":0.20,"#
                + #""options":{"num_gpu":1,"temperature":1}}"#
        )
        #expect(
            String(decoding: call.body, as: UTF8.self)
                == #"{"model":"first","messages":[{"role":"user","content":"hi \"you\""}],"#
                + #""temperature":0.20,"num_gpu":1}"#
        )
        #expect(call.model == "first" && call.priority == .high && !call.isStreaming)
    }

    @Test func `the model, the system prompt and the priority's number may be given`() throws {
        let call = try read(
            #"{"prompt":"p","system_prompt":"s","model":"other","priority":0,"stream":false}"#)
        #expect(call.model == "other" && call.priority == .critical)
        #expect(try Conversation(reading: call).messages.map(\.text) == ["s", "p"])
        #expect(try read(#"{"prompt":"p"}"#).priority == nil)
    }

    @Test(
        arguments: [
            ("{", nil), ("[]", nil), ("{}", "prompt"), (#"{"prompt":""}"#, "prompt"),
            (#"{"prompt":1}"#, "prompt"),
            (#"{"prompt":"p","priority":"urgent"}"#, "priority"),
            (#"{"prompt":"p","priority":4}"#, "priority"),
            (#"{"prompt":"p","stream":true}"#, "stream"), (#"{"prompt":"p","stream":1}"#, "stream"),
            (#"{"prompt":"p","messages":[]}"#, "messages"), (#"{"prompt":"p","timeout":3}"#, "timeout"),
            (#"{"prompt":"p","options":1}"#, "options"),
            (#"{"prompt":"p","options":{"model":"x"}}"#, "options.model"),
        ] as [(String, String?)])
    func `what is wrong is refused by its name`(text: String, parameter: String?) {
        let error = #expect(throws: RequestError.self) { try read(text) }
        #expect(error?.object.status == 400 && error?.object.parameter == parameter)
    }

    @Test func `the answer says who gave it, how long that took and what it cost`() throws {
        let chat =
            #"{"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}],"#
            + #""usage":{"total_tokens":9}}"#
        let answer = GenerateAnswer(
            provider: "p", model: "m", latency: .milliseconds(12), priority: .low, attempts: 2, requestID: "r"
        )
        let json = try #require(answer.json(of: Array(chat.utf8)))
        #expect(
            String(decoding: json, as: UTF8.self)
                == #"{"content":"yes","model_used":"m","provider":"p","success":true,"latency_ms":12,"#
                + #""tokens_used":9,"cached":false,"priority":"low","attempts":2,"request_id":"r","#
                + #""finish_reason":"stop","usage":{"total_tokens":9}}"#)
        #expect(answer.json(of: Array("{}".utf8)) == nil)
    }
}
