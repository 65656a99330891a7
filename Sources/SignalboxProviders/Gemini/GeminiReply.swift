import SignalboxCore

/// Reads a whole `GenerateContentResponse`.
enum GeminiReply {
    static func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: reply.body)
        } catch {
            let what = reply.body.isEmpty ? "an empty body" : "no JSON (\(error))"
            return malformed(reply.status, "the provider answered \(reply.status) with \(what)")
        }
        if let error = tree["error"] { return .failure(GeminiFailure.judge(error, status: nil)) }
        if let failure = blocked(tree, status: reply.status) { return .failure(failure) }
        guard let candidates = tree["candidates"]?.elements, !candidates.isEmpty else {
            return malformed(reply.status, "the provider's answer has no candidates")
        }
        return answer(tree, candidates, reply, to: call)
    }

    private static func answer(
        _ tree: JSONTree, _ candidates: [JSONTree], _ reply: WholeReply, to call: ChatCall
    ) -> Result<JudgedReply, UpstreamFailure> {
        let id = tree["responseId"]?.string ?? reply.requestID
        var answer = ChatAnswer(
            id: "chatcmpl-\(id)", model: tree["modelVersion"]?.string ?? call.model,
            created: reply.receivedAt.secondsSince1970, choices: [], usage: GeminiUsage.read(tree))
        let ordered = candidates.sorted { ($0["index"]?.integer ?? 0) < ($1["index"]?.integer ?? 0) }
        for (index, candidate) in ordered.enumerated() {
            guard let reason = candidate["finishReason"]?.string else {
                return malformed(reply.status, "a candidate of the provider's answer has no finish reason")
            }
            let content = GeminiContent(candidate, answer: id, choice: index)
            switch GeminiFinish.judge(reason, hasToolCalls: !content.toolCalls.isEmpty) {
            case .failure(let failure): return .failure(failure)
            case .success(let finish): answer.choices.append(content.choice(endedBy: finish))
            }
        }
        let summary = ReplySummary(
            usage: answer.usage, finishReason: answer.choices.first?.finish.rawValue,
            model: tree["modelVersion"]?.string)
        return .success(JudgedReply(summary, body: answer.json))
    }

    /// The prompt was blocked: there is no answer, and no other model of a route will be asked.
    static func blocked(_ tree: JSONTree, status: Int) -> UpstreamFailure? {
        guard let reason = tree["promptFeedback"]?["blockReason"]?.string,
            reason != "BLOCKED_REASON_UNSPECIFIED"
        else { return nil }
        let name = Redaction.clean(reason)
        return UpstreamFailure(
            .contentFiltered, message: "the prompt was blocked (\(name))", status: status,
            code: String(name.prefix(64)))
    }

    private static func malformed(_ status: Int, _ message: String) -> Result<JudgedReply, UpstreamFailure> {
        .failure(UpstreamFailure(.malformedReply, message: message, status: status))
    }
}

/// What the parts of one candidate say, put together.
struct GeminiContent {
    private(set) var text = ""
    private(set) var reasoning = ""
    private(set) var toolCalls: [Conversation.ToolCall] = []
    let logProbabilities: JSONTree?

    /// - Parameter toolCallsBefore: those of the same choice in earlier chunks.
    init(_ candidate: JSONTree, answer: String, choice: Int, toolCallsBefore: Int = 0) {
        logProbabilities = candidate["logprobsResult"].flatMap(GeminiContent.logProbabilities)
        for part in candidate["content"]?["parts"]?.elements ?? [] {
            if let call = part["functionCall"], let name = call["name"]?.string {
                let index = toolCallsBefore + toolCalls.count
                toolCalls.append(
                    Conversation.ToolCall(
                        id: call["id"]?.string
                            ?? Conversation.ToolCall.madeUpID(answer: answer, choice: choice, index: index),
                        name: name, arguments: call["args"]?.text ?? "{}"))
            } else if let piece = part["text"]?.string {
                if part["thought"]?.bool == true { reasoning += piece } else { text += piece }
            }
        }
    }

    var isEmpty: Bool { text.isEmpty && reasoning.isEmpty && toolCalls.isEmpty }

    func choice(endedBy finish: FinishReason) -> ChatAnswer.Choice {
        var choice = ChatAnswer.Choice(
            text: text.isEmpty && !toolCalls.isEmpty ? nil : text, finish: finish,
            reasoning: reasoning.isEmpty ? nil : reasoning, toolCalls: toolCalls)
        choice.logProbabilities = logProbabilities
        return choice
    }

    /// `chosenCandidates` and `topCandidates` stand side by side, a place for each token.
    private static func logProbabilities(_ result: JSONTree) -> JSONTree? {
        guard let chosen = result["chosenCandidates"]?.elements else { return nil }
        let top = result["topCandidates"]?.elements ?? []
        let tokens = chosen.enumerated().map { index, token in
            let others = index < top.count ? top[index]["candidates"]?.elements ?? [] : []
            let members = GeminiContent.token(token).members ?? []
            return JSONTree.object(
                members + [JSONTree.Member("top_logprobs", .array(others.map(GeminiContent.token)))])
        }
        return .object(["content": .array(tokens), "refusal": .null])
    }

    private static func token(_ token: JSONTree) -> JSONTree {
        let text = token["token"]?.string ?? ""
        return .object([
            "token": .string(text), "logprob": token["logProbability"] ?? 0,
            "bytes": .array(text.utf8.map { .integer(Int($0)) }),
        ])
    }
}

/// Reads `usageMetadata`, whose counts of a stream's chunks are cumulative.
enum GeminiUsage {
    /// The prompt includes what was cached but not what tools read; the candidates exclude the thoughts.
    static func read(_ tree: JSONTree) -> TokenUsage? {
        guard let usage = tree["usageMetadata"] else { return nil }
        func count(_ name: String) -> Int { usage[name]?.tokenCount ?? 0 }
        guard usage["promptTokenCount"] != nil || usage["candidatesTokenCount"] != nil else { return nil }
        let thoughts = count("thoughtsTokenCount")
        return TokenUsage(
            promptTokens: count("promptTokenCount") + count("toolUsePromptTokenCount"),
            completionTokens: count("candidatesTokenCount") + thoughts,
            cachedTokens: count("cachedContentTokenCount"), reasoningTokens: thoughts)
    }
}

extension WallTime {
    var secondsSince1970: Int { Int(nanosecondsSince1970 / 1_000_000_000) }
}
