import SignalboxCore

extension ProviderConformance {
    func checkPlainAnswers(_ findings: inout Findings) {
        for model in answering {
            check(.text(model), as: "\(model)", &findings)
        }
    }

    func checkPlainTools(_ findings: inout Findings) {
        guard capabilities.tools else {
            return expectRefusal(of: .tools(isStreaming: false), naming: "tools", &findings)
        }
        check(.tools(isStreaming: false), as: "tool calls", &findings)
        check(.results(isStreaming: false), as: "tool results", &findings)
    }

    func checkImages(_ findings: inout Findings) {
        let url = ConformanceCall.image("https://example.com/cat.png")
        let inline = ConformanceCall.image("data:image/png;base64,iVBORw0KGgo=")
        for (call, isPossible, name) in [
            (url, capabilities.imagesByURL, "an image by URL"),
            (inline, capabilities.inlineImages, "an inline image"),
        ] {
            if isPossible {
                check(call, as: name, &findings)
            } else {
                expectRefusal(of: call, naming: "image_url", &findings)
            }
        }
    }

    func checkJSONObjects(_ findings: inout Findings) {
        if capabilities.jsonObjects {
            check(.jsonObject, as: "a JSON object", &findings)
        } else {
            expectRefusal(of: .jsonObject, naming: "response_format", &findings)
        }
    }

    private func check(_ asked: ConformanceCall, as name: String, _ findings: inout Findings) {
        do throws(UpstreamFailure) {
            let exchange = try exchange(asked)
            let judged = try judge(exchange).get()
            let seen = SeenAnswer(whole: judged.body ?? exchange.reply.body)
            compare(seen, judged.summary, with: exchange.expected, as: name, &findings)
            // A forwarded body counts as its vendor counts; a translated one as OpenAI does.
            if judged.body != nil {
                expectUsage(seen.usage, is: exchange.expected.usage, as: name, &findings)
            }
        } catch {
            findings.add("\(name): \(error.kind.label), \(error.message)")
        }
    }

    /// Compares what the caller sees, and what the router books, with what was answered.
    func compare(
        _ seen: SeenAnswer, _ summary: ReplySummary, with expected: FakeAnswer, as name: String,
        _ findings: inout Findings
    ) {
        for flaw in seen.flaws { findings.add("\(name): \(flaw)") }
        findings.expect(seen.text, is: expected.text, "\(name): the text")
        findings.expect(seen.reasoning, is: expected.reasoning, "\(name): the reasoning")
        findings.expect(seen.finish, is: expected.finish.rawValue, "\(name): finish_reason")
        findings.expect(seen.role, is: "assistant", "\(name): the role")
        findings.expect(summary.finishReason, is: expected.finish.rawValue, "\(name): the booked reason")
        findings.expect(summary.usage, is: expected.usage, "\(name): the booked usage")
        findings.expect(summary.model?.isEmpty == false, "\(name): the booked model is missing")
        compare(seen.toolCalls, with: expected.toolCalls, as: name, &findings)
    }

    private func compare(
        _ seen: [SeenAnswer.ToolCall], with expected: [FakeAnswer.ToolCall], as name: String,
        _ findings: inout Findings
    ) {
        findings.expect(seen.count, is: expected.count, "\(name): the count of tool calls")
        for (call, wanted) in zip(seen, expected) {
            findings.expect(call.name, is: wanted.name, "\(name): a tool call's name")
            findings.expect(call.type, is: "function", "\(name): a tool call's type")
            findings.expect(
                ConformanceJSON.isSame(call.arguments, wanted.arguments),
                "\(name): a tool call's arguments are \(call.arguments), not \(wanted.arguments.text)")
        }
        let ids = Set(seen.map(\.id))
        findings.expect(
            ids.count == seen.count && !ids.contains(""), "\(name): tool calls need ids of their own")
    }

    func expectUsage(
        _ tree: JSONTree?, is usage: TokenUsage, as name: String, _ findings: inout Findings
    ) {
        let counts = [
            ("prompt_tokens", tree?["prompt_tokens"], usage.promptTokens),
            ("completion_tokens", tree?["completion_tokens"], usage.completionTokens),
            ("total_tokens", tree?["total_tokens"], usage.promptTokens + usage.completionTokens),
        ]
        for (field, value, wanted) in counts {
            findings.expect(value?.integer, is: wanted, "\(name): usage.\(field)")
        }
        let details = [
            ("cached_tokens", tree?["prompt_tokens_details"], usage.cachedTokens),
            ("reasoning_tokens", tree?["completion_tokens_details"], usage.reasoningTokens),
        ]
        for (field, object, wanted) in details {
            findings.expect(object?[field]?.integer ?? 0, is: wanted, "\(name): usage's \(field)")
        }
    }

    /// What the vendor cannot express is refused before anything is sent, and the field is named.
    private func expectRefusal(
        of asked: ConformanceCall, naming field: String, _ findings: inout Findings
    ) {
        do throws(UpstreamFailure) {
            _ = try adapter.encode(try asked.made(), model: fake.name(of: asked.model))
            findings.add("`\(field)` was not refused")
        } catch {
            findings.expect(error.kind, is: .invalidRequest, "the refusal of `\(field)`")
            findings.expect(
                error.parameter?.contains(field) == true,
                "the refusal names \(error.parameter ?? "nothing"), not `\(field)`")
        }
    }

    // MARK: Embeddings

    func checkEmbeddings(_ findings: inout Findings) {
        let model = fake.name(of: .ok)
        // A vendor without embeddings has no address for them, and the router says so.
        guard adapter.target(.embeddings, model: model, key: nil) != nil else { return }
        let texts = Array(["one two three", "четыре"].prefix(capabilities.embeddedTextsMax))
        do throws(UpstreamFailure) {
            let call = try ConformanceCall.embeddings(of: texts)
            let reply = PlayedReply(try send(call, to: model, key: .good))
            let whole = WholeReply(
                status: reply.status, headers: reply.headers, body: reply.body, receivedAt: Self.now)
            let judged = try adapter.judge(whole, to: call).get()
            let tree = ConformanceJSON.parse(judged.body ?? reply.body)
            findings.expect(tree?["object"]?.string, is: "list", "`object`")
            let data = tree?["data"]?.elements ?? []
            findings.expect(data.count, is: texts.count, "the count of vectors")
            for (index, (vector, text)) in zip(data, texts).enumerated() {
                let numbers = (vector["embedding"]?.elements ?? []).compactMap(\.double)
                findings.expect(vector["index"]?.integer, is: index, "a vector's index")
                findings.expect(numbers, is: FakeTurn.vector(of: text), "the vector of \(text)")
            }
            let count = texts.reduce(0) { $0 + FakeTurn.tokens(in: $1) }
            findings.expect(judged.summary.usage?.promptTokens, is: count, "the booked tokens")
        } catch {
            findings.add("\(error.kind.label), \(error.message)")
        }
    }
}

enum ConformanceJSON {
    static func parse(_ bytes: [UInt8]) -> JSONTree? {
        do throws(JSONSyntaxError) { return try JSONTree(parsing: bytes) } catch { return nil }
    }

    /// Whether a text is the same JSON, whatever the order of members and the spelling of whole numbers.
    static func isSame(_ text: String, _ tree: JSONTree) -> Bool {
        parse(Array(text.utf8)).map { sorted($0) == sorted(tree) } ?? false
    }

    private static func sorted(_ tree: JSONTree) -> JSONTree {
        switch tree {
        case .object(let members):
            .object(
                members.map { JSONTree.Member($0.name, sorted($0.value)) }.sorted { $0.name < $1.name })
        case .array(let elements): .array(elements.map(sorted))
        case .number: tree.double.map(JSONTree.double) ?? tree
        case .string, .bool, .null: tree
        }
    }
}
