import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct HugeCountsTests {
    static let most = "9223372036854775807"

    static let replies: [(ProviderKind, String)] = [
        (
            .openai,
            #"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"#
                + #""usage":{"prompt_tokens":%,"completion_tokens":%,"total_tokens":%,"#
                + #""prompt_tokens_details":{"cached_tokens":%},"#
                + #""completion_tokens_details":{"reasoning_tokens":%}}}"#
        ),
        (
            .anthropic,
            #"{"type":"message","role":"assistant","content":[{"type":"text","text":"hi"}],"model":"m","#
                + #""stop_reason":"end_turn","usage":{"input_tokens":%,"output_tokens":%,"#
                + #""cache_creation_input_tokens":%,"cache_read_input_tokens":%}}"#
        ),
        (
            .gemini,
            #"{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}],"#
                + #""usageMetadata":{"promptTokenCount":%,"candidatesTokenCount":%,"thoughtsTokenCount":%,"#
                + #""toolUsePromptTokenCount":%,"totalTokenCount":%}}"#
        ),
        (
            .gigachat,
            #"{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"#
                + #""model":"m","usage":{"prompt_tokens":%,"completion_tokens":%,"total_tokens":%,"#
                + #""precached_prompt_tokens":%}}"#
        ),
        (
            .ollama,
            #"{"model":"m","message":{"role":"assistant","content":"hi"},"done":true,"done_reason":"stop","#
                + #""prompt_eval_count":%,"eval_count":%}"#
        ),
        (
            .yandexgpt,
            #"{"result":{"alternatives":[{"message":{"role":"assistant","text":"hi"},"#
                + #""status":"ALTERNATIVE_STATUS_FINAL"}],"#
                + #""usage":{"inputTextTokens":"%","completionTokens":"%","#
                + #""totalTokens":"%","completionTokensDetails":{"reasoningTokens":"%"}},"#
                + #""modelVersion":"1"}}"#
        ),
    ]

    @Test(arguments: replies) func `counts that nobody believes are not added up`(
        kind: ProviderKind, reply: String
    ) throws {
        var settings = ProviderSettings(baseURL: "https://api.example.com")
        settings.folder = "b1g"
        let adapter = try kind.adapter(settings: settings)
        let body = reply.replacing("%", with: Self.most)
        let call = try ChatCall(text: #"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#)
        let judged = try adapter.judge(WholeReply(200, body), to: call).get()
        let usage = try #require(judged.summary.usage)
        #expect(usage.promptTokens >= TokenUsage.countMax && usage.promptTokens <= 4 * TokenUsage.countMax)
        #expect(
            usage.completionTokens >= TokenUsage.countMax && usage.completionTokens <= 2 * TokenUsage.countMax
        )
    }
}
