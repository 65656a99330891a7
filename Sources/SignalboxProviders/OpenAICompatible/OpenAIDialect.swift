import SignalboxCore

/// Where one vendor of the family differs from OpenAI. Facts, put together when configuration loads: a
/// request only asks whether there are any.
struct OpenAIDialect: Sendable {
    /// How a caller's error message calls the vendor.
    var name: String
    var keyHeader = KeyHeader.bearer
    var hasEmbeddings = true
    var streamUsage = StreamUsage.asked
    /// Fields that the vendor knows under another name only.
    var renamed: [(from: StaticString, to: StaticString)] = []
    /// Fields that the vendor answers with an error, by its own documentation or its client's types. What is
    /// less sure is sent: the vendor's own refusal reaches the caller, too.
    var refused: [Refusal] = []
    /// What its models make of a last message of the assistant's.
    var prefill = Prefill.refused
    var limits = OpenAIRateLimitFields.openAI
    /// How a key is judged without a call.
    var keyCheck = OpenAIKeyCheck.models
    var isKeyNeeded = true
    /// What the vendor's words and statuses mean where they mean something else than at OpenAI; nil leaves
    /// it to the common reading.
    var ownKind: @Sendable (OpenAICompatibleError) -> FailureKind? = { _ in nil }
    /// The same of a body that is not JSON, in lower case.
    var kindOfText: @Sendable (_ status: Int, _ text: String) -> FailureKind? = { _, _ in nil }

    enum KeyHeader: Sendable {
        case bearer
        /// Azure's: the key as it is.
        case apiKey
    }

    /// How a stream comes to tell its usage.
    enum StreamUsage: Sendable {
        /// `stream_options.include_usage` is set on every stream.
        case asked
        /// It comes by itself, and `stream_options` is a field that the vendor does not know.
        case unasked
        /// The caller's wish is left as it is.
        case callersChoice
    }

    struct Refusal: Sendable {
        let field: StaticString
        /// A number that asks for nothing: it is left out without a word.
        var neutral = 0
        var reason = ""

        init(_ field: StaticString, neutral: Int = 0, because reason: String = "") {
            self.field = field
            self.neutral = neutral
            self.reason = reason
        }
    }

    /// Whether a request that is not streamed goes out with nothing but its model replaced.
    var keepsFields: Bool {
        guard renamed.isEmpty, refused.isEmpty else { return false }
        switch streamUsage {
        case .asked, .callersChoice: return true
        case .unasked: return false
        }
    }
}

extension OpenAIDialect {
    static let openAI = OpenAIDialect(name: "OpenAI")

    /// Anything that speaks the dialect: nothing is known of it, so everything is tried.
    static let compatible = OpenAIDialect(
        name: "this provider", limits: .any, keyCheck: .modelsCompared, isKeyNeeded: false)

    /// Answers what it is asked, and no more.
    static let mock = OpenAIDialect(name: "the mock", streamUsage: .callersChoice, prefill: .continued)

    /// Keys go into a header of their own: a bearer would be taken for an Entra token.
    static let azure = OpenAIDialect(
        name: "Azure OpenAI", keyHeader: .apiKey, keyCheck: .modelsCompared, isKeyNeeded: false)

    /// `logprobs` and the others: "not yet supported by any of our models", and 400 for `n` above 1, says
    /// groq-python 1.7.
    static let groq = OpenAIDialect(
        name: "Groq", hasEmbeddings: false,
        refused: [
            Refusal("logprobs"), Refusal("top_logprobs"), Refusal("logit_bias"),
            Refusal("n", neutral: 1, because: "one answer at a time"),
        ])

    static let cerebras = OpenAIDialect(
        name: "Cerebras", hasEmbeddings: false, limits: .cerebras, ownKind: OpenAIDialectFailures.cerebras)

    /// mistralai 3.7 has no other fields, and the API refuses those that it does not know (422). It goes on
    /// behind a last message of the assistant's that says `prefix`, and sends that message again first.
    static let mistral = OpenAIDialect(
        name: "Mistral", streamUsage: .unasked,
        renamed: [("max_completion_tokens", "max_tokens"), ("seed", "random_seed")],
        refused: [Refusal("logit_bias"), Refusal("user"), Refusal("store")], prefill: .marked,
        limits: .mistral,
        ownKind: OpenAIDialectFailures.mistral)

    static let deepSeek = OpenAIDialect(
        name: "DeepSeek", hasEmbeddings: false, renamed: [("max_completion_tokens", "max_tokens")],
        limits: .none, keyCheck: .balance, ownKind: OpenAIDialectFailures.deepSeek,
        kindOfText: OpenAIDialectFailures.deepSeekText)

    static let xAI = OpenAIDialect(
        name: "xAI", keyCheck: .apiKey, ownKind: OpenAIDialectFailures.xAI)

    static let openRouter = OpenAIDialect(
        name: "OpenRouter", limits: .openRouter, keyCheck: .keyLimits,
        ownKind: OpenAIDialectFailures.openRouter)

    static let together = OpenAIDialect(
        name: "Together", renamed: [("max_completion_tokens", "max_tokens")], limits: .together,
        ownKind: OpenAIDialectFailures.together)

    /// Nil for a vendor with a wire format of its own.
    /// - Parameter baseURL: of what is only called compatible, some can be told by their address.
    init?(_ kind: ProviderKind, baseURL: String) {
        switch kind {
        case .openai: self = .openAI
        case .groq: self = .groq
        case .cerebras: self = .cerebras
        case .mistral: self = .mistral
        case .deepseek: self = .deepSeek
        case .xai: self = .xAI
        case .openrouter: self = .openRouter
        case .together: self = .together
        case .openAICompatible: self = OpenAIDialect.isAzure(baseURL) ? .azure : .compatible
        case .mock: self = .mock
        case .anthropic, .gemini, .gigachat, .yandexgpt, .ollama, .custom: return nil
        }
    }

    private static func isAzure(_ baseURL: String) -> Bool {
        let rest = baseURL.lowercased().split(separator: "/", omittingEmptySubsequences: true)
        guard rest.count >= 2, let host = rest[1].split(separator: ":").first else { return false }
        return [".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com"]
            .contains { host.hasSuffix($0) }
    }
}
