import SignalboxCore

/// Embeddings over `batchEmbedContents`: a request for each text.
enum GeminiEmbeddings {
    static func encode(
        _ call: ChatCall, model: GeminiModel, _ unsupported: Unsupported
    ) throws(UpstreamFailure) -> [UInt8] {
        let asked = try EmbeddingRequest(reading: call)
        var options: [JSONTree.Member] = []
        if let dimensions = asked.dimensions {
            options.append(JSONTree.Member("outputDimensionality", .integer(dimensions)))
        }
        // Gemini's own options (`taskType`, `title`) belong to each text.
        for extra in asked.extras {
            if let field = OpenAIOnlyField(rawValue: extra.name) {
                if !field.isBookkeeping { try unsupported.field(extra.name) }
            } else {
                options.append(extra)
            }
        }
        let requests = try asked.texts().map { text in
            let content = JSONTree.object(["parts": .array([.object(["text": .string(text)])])])
            return JSONTree.object(
                [JSONTree.Member("model", .string(model.path)), JSONTree.Member("content", content)] + options
            )
        }
        return JSONTree.object(["requests": .array(requests)]).json
    }

    static func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        do {
            let asked = try EmbeddingRequest(reading: call)
            let tree = try JSONTree(parsing: reply.body)
            if let error = tree["error"] { return .failure(GeminiFailure.judge(error, status: nil)) }
            let vectors = (tree["embeddings"]?.elements ?? []).compactMap { $0["values"]?.numbers }
            guard vectors.count == asked.inputs.count else {
                return malformed(reply, "\(vectors.count) vectors for \(asked.inputs.count) texts")
            }
            let answer = EmbeddingAnswer(model: call.model, vectors: vectors, usage: usage(tree))
            return .success(
                JudgedReply(ReplySummary(usage: answer.usage), body: answer.json(asked.encoding)))
        } catch let failure as UpstreamFailure {
            return .failure(failure)
        } catch {
            return malformed(reply, "no JSON (\(error))")
        }
    }

    /// Older models do not count.
    private static func usage(_ tree: JSONTree) -> TokenUsage? {
        guard let count = tree["usageMetadata"]?["promptTokenCount"]?.tokenCount else { return nil }
        return TokenUsage(promptTokens: max(0, count), completionTokens: 0)
    }

    private static func malformed(_ reply: WholeReply, _ what: String) -> Result<JudgedReply, UpstreamFailure>
    {
        .failure(
            UpstreamFailure(
                .malformedReply, message: "the provider answered \(reply.status) with \(what)",
                status: reply.status))
    }
}
