import SignalboxCore

/// Embeddings over `/api/embed`.
enum OllamaEmbeddings {
    static func encode(
        _ call: ChatCall, model: String, _ unsupported: Unsupported
    ) throws(UpstreamFailure) -> [UInt8] {
        let asked = try EmbeddingRequest(reading: call)
        var extras: [JSONTree.Member] = []
        for extra in asked.extras {
            if let field = OpenAIOnlyField(rawValue: extra.name) {
                if !field.isBookkeeping { try unsupported.field(extra.name) }
            } else {
                extras.append(extra)
            }
        }
        let request = JSONTree.object([
            "model": .string(model), "input": .strings(try asked.texts()),
            "dimensions": asked.dimensions.map(JSONTree.integer),
        ])
        return JSONTree.object((request.members ?? []) + extras).json
    }

    static func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        do {
            let asked = try EmbeddingRequest(reading: call)
            let tree = try JSONTree(parsing: reply.body)
            if let error = tree["error"]?.string { return .failure(OllamaFailure.judge(error)) }
            let vectors = (tree["embeddings"]?.elements ?? []).compactMap(\.numbers)
            guard vectors.count == asked.inputs.count else {
                return malformed(reply, "\(vectors.count) vectors for \(asked.inputs.count) texts")
            }
            let model = tree["model"]?.string
            let answer = EmbeddingAnswer(
                model: model ?? call.model, vectors: vectors, usage: OllamaReply.usage(tree))
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
