import SignalboxCore

// How GigaChat writes the parts of its answers, and how it reads a request.
extension GigaChatFake {
    /// A made-up state, which must come back with the function's result.
    static let stateID = "77d3fb14-457a-46ba-937e-8d856156d003"

    static func reasoning(_ text: String) -> [JSONTree.Member] {
        text.isEmpty ? [] : [JSONTree.Member("reasoning_content", .string(text))]
    }

    static func call(_ answer: FakeAnswer) -> [JSONTree.Member] {
        guard let call = answer.toolCalls.first else { return [] }
        let function = JSONTree.object(["name": .string(call.name), "arguments": call.arguments])
        return [.init("function_call", function), .init("functions_state_id", .string(stateID))]
    }

    static func reason(_ answer: FakeAnswer) -> JSONTree {
        switch answer.finish {
        case .stop: "stop"
        case .length: "length"
        case .toolCalls: "function_call"
        case .contentFilter: "blacklist"
        }
    }

    /// What came from the cache is counted beside the prompt.
    static func usage(_ usage: TokenUsage) -> JSONTree {
        let prompt = usage.promptTokens - usage.cachedTokens
        return .object([
            "prompt_tokens": .integer(prompt), "completion_tokens": .integer(usage.completionTokens),
            "total_tokens": .integer(prompt + usage.completionTokens),
            "precached_prompt_tokens": .integer(usage.cachedTokens),
        ])
    }

    static func turn(_ body: JSONTree) -> FakeTurn {
        var turn = FakeTurn()
        for message in body["messages"]?.elements ?? [] {
            var text = message["content"]?.string ?? ""
            switch message["role"]?.string {
            case "user":
                turn.lastUserText = text
                turn.toolResults = []
            case "function":
                text = unwrapped(text)
                turn.toolResults.append(text)
            default:
                // A call stands between two results; an answer ends them.
                if message["function_call"] == nil { turn.toolResults = [] }
            }
            if !text.isEmpty { turn.texts.append(text) }
        }
        turn.tools = (body["functions"]?.elements ?? []).map {
            FakeTurn.Tool(name: $0["name"]?.string ?? "", parameters: $0["parameters"])
        }
        turn.wantsJSON = body["response_format"] != nil
        return turn
    }

    /// A result is an object; one that was none came as the only member of one.
    private static func unwrapped(_ text: String) -> String {
        do throws(JSONSyntaxError) {
            return try JSONTree(parsing: Array(text.utf8))["result"]?.string ?? text
        } catch {
            return text
        }
    }

    static func error(_ status: Int, _ message: String, headers: [String: String] = [:]) -> ReplyScript {
        let body = JSONTree.object(["status": .integer(status), "message": .string(message)])
        return .json(status, body, headers: headers)
    }

    /// The token endpoint's own form.
    static func refusal(code: Int, _ message: String, status: Int) -> ReplyScript {
        .json(status, .object(["code": .integer(code), "message": .string(message)]))
    }

    static func refusal(_ failure: FakeFailure) -> ReplyScript {
        switch failure {
        case .keyMissing, .keyBad: error(401, "Unauthorized")
        case .keyExpired: error(401, "Token has expired")
        case .noCredit: error(402, "Payment Required")
        case .noScope: error(403, "Permission denied")
        case .rateLimited:
            error(
                429, "Too many requests",
                headers: ["retry-after": String(FakeFailure.retryAfter.components.seconds)])
        case .serverError: error(500, "Internal Server Error")
        case .overloaded: error(503, "Service Unavailable")
        case .contextTooLong: error(413, "Payload too large")
        case .filtered, .invalid: error(422, "Invalid params: temperature")
        case .modelMissing: error(404, "No such model")
        case .proxyPage: .proxyPage
        }
    }
}
