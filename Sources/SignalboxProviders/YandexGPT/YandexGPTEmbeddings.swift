import SignalboxCore

/// Embeddings over `/textEmbedding`, which takes one text a call.
enum YandexGPTEmbeddings {
    static func encode(
        _ call: ChatCall, modelURI: String, _ unsupported: Unsupported
    ) throws(UpstreamFailure) -> [UInt8] {
        let asked = try EmbeddingRequest(reading: call)
        let texts = try asked.texts()
        guard let text = texts.first, texts.count == 1 else {
            throw .refused("input", "YandexGPT embeds one text a request: `input` has \(texts.count).")
        }
        for extra in asked.extras where OpenAIOnlyField(rawValue: extra.name)?.isBookkeeping != true {
            try unsupported.field(extra.name)
        }
        return JSONTree.object([
            "modelUri": .string(modelURI), "text": .string(text),
            "dim": asked.dimensions.map { .string(String($0)) },
        ]).json
    }

    static func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        do {
            let asked = try EmbeddingRequest(reading: call)
            let tree = try JSONTree(parsing: reply.body)
            guard let vector = tree["embedding"]?.numbers else { return malformed(reply, "no vector") }
            let usage = YandexGPTContent.count(tree["numTokens"]).map {
                TokenUsage(promptTokens: $0, completionTokens: 0)
            }
            let answer = EmbeddingAnswer(model: call.model, vectors: [vector], usage: usage)
            let model = tree["modelVersion"]?.string ?? call.model
            return .success(
                JudgedReply(ReplySummary(usage: usage, model: model), body: answer.json(asked.encoding)))
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
