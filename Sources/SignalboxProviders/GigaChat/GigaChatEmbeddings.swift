import SignalboxCore

/// Embeddings: OpenAI's shape, with the tokens counted by text.
enum GigaChatEmbeddings {
    static func encode(
        _ call: ChatCall, model: String, _ unsupported: Unsupported
    ) throws(UpstreamFailure) -> [UInt8] {
        let asked = try EmbeddingRequest(reading: call)
        try unsupported.field("dimensions", ifPresent: asked.dimensions)
        for extra in asked.extras where OpenAIOnlyField(rawValue: extra.name)?.isBookkeeping != true {
            try unsupported.field(extra.name)
        }
        return JSONTree.object(["model": .string(model), "input": .strings(try asked.texts())]).json
    }

    static func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        do {
            let asked = try EmbeddingRequest(reading: call)
            let tree = try JSONTree(parsing: reply.body)
            let data = tree["data"]?.elements ?? []
            let places = data.enumerated().map { $1["index"]?.integer ?? $0 }
            let ordered = zip(places, data).sorted { $0.0 < $1.0 }.map(\.1)
            let vectors = ordered.compactMap { $0["embedding"]?.numbers }
            guard vectors.count == asked.inputs.count else {
                return malformed(reply, "\(vectors.count) vectors for \(asked.inputs.count) texts")
            }
            let counts = data.compactMap { $0["usage"]?["prompt_tokens"]?.tokenCount }
            let total = tree["usage"]?["prompt_tokens"]?.tokenCount ?? TokenUsage.count(counts.reduce(0, &+))
            let model = tree["model"]?.string
            let answer = EmbeddingAnswer(
                model: model ?? call.model, vectors: vectors,
                usage: TokenUsage(promptTokens: max(0, total), completionTokens: 0))
            return .success(
                JudgedReply(
                    ReplySummary(usage: answer.usage, model: model), body: answer.json(asked.encoding)))
        } catch let failure as UpstreamFailure {
            return .failure(failure)
        } catch {
            return malformed(reply, "no JSON (\(error))")
        }
    }

    private static func malformed(_ reply: WholeReply, _ what: String) -> Result<JudgedReply, UpstreamFailure>
    {
        .failure(
            UpstreamFailure(
                .malformedReply, message: "the provider answered \(reply.status) with \(what)",
                status: reply.status))
    }
}
