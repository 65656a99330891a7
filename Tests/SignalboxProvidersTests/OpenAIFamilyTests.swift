import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

/// What the vendors of OpenAI's dialect do otherwise than OpenAI.
@Suite struct OpenAIFamilyTests {
    private static let family: [ProviderKind] = [
        .openai, .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter, .together, .openAICompatible,
    ]

    private func adapter(
        _ kind: ProviderKind, baseURL: String = "https://h/v1", drops: Bool = false
    ) throws -> any ProviderAdapter {
        var settings = ProviderSettings(baseURL: baseURL)
        settings.dropsUnsupported = drops
        return try kind.adapter(settings: settings)
    }

    private func encode(
        _ kind: ProviderKind, _ text: String, model: String = "m", drops: Bool = false
    ) throws -> String {
        let call = try ChatCall(text: text)
        return String(
            decoding: try adapter(kind, drops: drops).encode(call, model: model), as: UTF8.self)
    }

    // MARK: Requests

    @Test func `a plain request keeps every byte but the model's name`() throws {
        let text =
            #"{ "model" : "chat","max_tokens":  1e2 , "temperature":0.70,"x_new":{"b":1,"a":2},"n":1 }"#
        let sent = text.replacing(#""chat""#, with: #""m""#)
        for kind in [ProviderKind.openai, .cerebras, .deepseek, .xai, .openrouter, .together] {
            #expect(try encode(kind, text) == sent, "\(kind)")
        }
        let right = text.replacing(#""chat""#, with: #""m""#)
        #expect(try encode(.openai, right) == right)
    }

    @Test func `usage is asked for on every stream, and what else the caller asked stays`() throws {
        #expect(
            try encode(.openai, #"{"model":"m","stream":true}"#)
                == #"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#)
        #expect(
            try encode(
                .groq,
                #"{"stream_options":{"a":1.0, "include_usage":false},"model":"x","stream":true}"#)
                == #"{"stream_options":{"a":1.0, "include_usage":true},"model":"m","stream":true}"#)
        #expect(
            try encode(.xai, #"{"model":"m","stream":true,"stream_options":null}"#)
                == #"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#)
        let asked = #"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#
        #expect(try encode(.openai, asked) == asked)
        // It tells usage by itself, and knows no such field.
        #expect(try encode(.mistral, asked) == #"{"model":"m","stream":true}"#)
        let wrong = #"{"model":"m","stream":true,"stream_options":7}"#
        #expect(try encode(.openai, wrong) == wrong)
    }

    @Test(
        arguments: [
            (.together, #"{"model":"m","max_tokens":5}"#), (.deepseek, #"{"model":"m","max_tokens":5}"#),
            (.mistral, #"{"model":"m","max_tokens":5}"#),
            (.openai, #"{"model":"m","max_completion_tokens":5}"#),
            (.groq, #"{"model":"m","max_completion_tokens":5}"#),
        ] as [(ProviderKind, String)])
    func `the bound on an answer goes under the name that the vendor knows`(
        kind: ProviderKind, sent: String
    ) throws {
        #expect(try encode(kind, #"{"model":"m","max_completion_tokens":5}"#) == sent)
    }

    @Test func `the newer name wins, and a null is no bound`() throws {
        #expect(
            try encode(.together, #"{"max_tokens":9,"model":"m","max_completion_tokens":5}"#)
                == #"{"max_tokens":5,"model":"m"}"#)
        #expect(
            try encode(.together, #"{"max_tokens":9,"model":"m","max_completion_tokens":null}"#)
                == #"{"max_tokens":9,"model":"m"}"#)
        #expect(try encode(.mistral, #"{"model":"m","seed":7}"#) == #"{"model":"m","random_seed":7}"#)
    }

    @Test(
        arguments: [
            (.groq, "logprobs", "true", "false"), (.groq, "n", "2", "1"),
            (.groq, "logit_bias", #"{"1":2}"#, "{}"), (.mistral, "user", #""u""#, "null"),
            (.mistral, "store", "true", "false"), (.groq, "top_logprobs", "3", "0"),
        ] as [(ProviderKind, String, String, String)])
    func
        `what a vendor refuses is refused by name, dropped on demand, and left out where it asks for nothing`(
            kind: ProviderKind, field: String, value: String, neutral: String
        ) throws
    {
        let text = #"{"model":"m","\#(field)":\#(value)}"#
        #expect {
            try encode(kind, text)
        } throws: {
            let failure = $0 as? UpstreamFailure
            return failure?.parameter == field && failure?.kind == .invalidRequest && failure?.status == 400
        }
        #expect(try encode(kind, text, drops: true) == #"{"model":"m"}"#)
        #expect(try encode(kind, #"{"model":"m","\#(field)":\#(neutral)}"#) == #"{"model":"m"}"#)
        #expect(try encode(.openai, text) == text)
    }

    @Test func `Azure's keys go into their own header, wherever the resource is`() throws {
        for (address, names) in [
            ("https://res.openai.azure.com/openai/v1", ["content-type", "api-key"]),
            ("https://res.services.ai.azure.com:443/openai/v1", ["content-type", "api-key"]),
            ("https://api.fireworks.ai/inference/v1", ["content-type", "authorization"]),
            ("https://h/.openai.azure.com", ["content-type", "authorization"]),
        ] {
            let adapter = try adapter(.openAICompatible, baseURL: address)
            guard case .http(let url, let headers) = adapter.target(.chat, model: "m", key: Secret("k"))
            else {
                Issue.record("expected a network target")
                continue
            }
            #expect(url == address + "/chat/completions")
            #expect(headers.map(\.name) == names)
        }
    }

    @Test func `who has no embeddings has no address for them`() throws {
        let without = try Self.family.filter {
            try adapter($0).target(.embeddings, model: "m", key: nil) == nil
        }
        #expect(without == [.groq, .cerebras, .deepseek])
    }

    // MARK: Usage

    private func usage(_ kind: ProviderKind, _ usage: String) throws -> TokenUsage? {
        let reply = WholeReply(200, #"{"choices":[{}],"usage":\#(usage)}"#)
        return try adapter(kind).judge(reply, to: ChatCall(text: "{}")).get().summary.usage
    }

    @Test func `tokens are counted by each vendor's arithmetic`() throws {
        #expect(
            try usage(
                .xai,
                #"{"prompt_tokens":10,"completion_tokens":2,"total_tokens":17,"#
                    + #""completion_tokens_details":{"reasoning_tokens":5}}"#)
                == TokenUsage(promptTokens: 10, completionTokens: 7, reasoningTokens: 5))
        // Where the sum says that reasoning is a part of the completion, it is.
        #expect(
            try usage(
                .xai,
                #"{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,"#
                    + #""completion_tokens_details":{"reasoning_tokens":5}}"#)
                == TokenUsage(promptTokens: 10, completionTokens: 7, reasoningTokens: 5))
        for cached in [
            #""prompt_cache_hit_tokens":4"#, #""num_cached_tokens":4"#, #""cached_tokens":4"#,
            #""prompt_tokens_details":{"cached_tokens":4}"#,
        ] {
            #expect(
                try usage(.deepseek, #"{"prompt_tokens":9,"completion_tokens":1,\#(cached)}"#)
                    == TokenUsage(promptTokens: 9, completionTokens: 1, cachedTokens: 4))
        }
    }

    // MARK: Streams

    private func read(
        _ kind: ProviderKind, _ events: [String], request: String = #"{"stream":true}"#
    ) throws -> (steps: [StreamStep], summary: ReplySummary) {
        let opening = StreamOpening(receivedAt: WallTime(nanosecondsSince1970: 0))
        var decoder = try adapter(kind).streamDecoder(for: ChatCall(text: request), opening)
        let steps = events.map { text in
            let bytes = Array("data: \(text)\n\n".utf8)
            return decoder.decode(bytes, in: 6..<bytes.count - 2)
        }
        return (steps, decoder.summary)
    }

    private static let counted = #"{"prompt_tokens":3,"completion_tokens":1}"#

    @Test func `usage is hidden from a caller who did not ask, and shown as it came to one who did`() throws {
        let events = [
            #"{"choices":[{"delta":{"content":"a"}}],"usage":\#(Self.counted),"z":1.0}"#,
            #"{"choices":[],"usage":\#(Self.counted)}"#, #"{"choices":[{"delta":{}}],"usage":null}"#,
        ]
        let hidden = try read(.openrouter, events)
        #expect(
            hidden.steps == [
                .replace(
                    [Array(#"{"choices":[{"delta":{"content":"a"}}],"z":1.0}"#.utf8)], hasDelta: true),
                .replace([], hasDelta: false), .forward(hasDelta: false),
            ])
        #expect(hidden.summary.usage == TokenUsage(promptTokens: 3, completionTokens: 1))
        let asked = #"{"stream":true,"stream_options":{"include_usage":true}}"#
        #expect(
            try read(.openrouter, events, request: asked).steps == [
                .forward(hasDelta: true), .forward(hasDelta: false), .forward(hasDelta: false),
            ])
    }

    @Test func `Groq's own usage counts, and the last one told wins`() throws {
        let own = #"{"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":\#(Self.counted)}}"#
        let (steps, summary) = try read(.groq, [own])
        #expect(steps == [.forward(hasDelta: false)])
        #expect(summary.usage == TokenUsage(promptTokens: 3, completionTokens: 1))
        let later = #"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#
        #expect(try read(.groq, [own, later]).summary.usage?.completionTokens == 2)
    }

    @Test(arguments: [
        #"{"id":"1","x_groq":{"error":"over capacity"},"choices":[]}"#,
        #"{"choices":[{"index":0,"error":{"code":502,"message":"gone"},"finish_reason":"error"}]}"#,
        #"{"error":{"code":502,"message":"gone"},"choices":[{"delta":{},"finish_reason":"error"}]}"#,
        #"{"message":"Encountered a server error","type":"server_error","code":"x"}"#,
        #"{"object":"error","message":"Service unavailable.","type":"internal_server_error","code":"1000"}"#,
        #"{"choices":[{"delta":{},"finish_reason":"error"}]}"#,
    ]) func `an error is found wherever a vendor puts it in a stream`(event: String) throws {
        guard case .failure? = try read(.openAICompatible, [event]).steps.first else {
            Issue.record("missed \(event)")
            return
        }
    }

    @Test func `an answer that ended in an error is none`() throws {
        for choice in [
            #"{"finish_reason":"error"}"#,
            #"{"finish_reason":"error","error":{"code":503,"message":"busy"}}"#,
        ] {
            let reply = WholeReply(200, #"{"choices":[\#(choice)]}"#)
            guard case .failure(let failure) = try adapter(.openrouter).judge(reply, to: ChatCall(text: "{}"))
            else {
                Issue.record("accepted \(choice)")
                continue
            }
            #expect(failure.kind == .overloaded)
        }
    }
}
