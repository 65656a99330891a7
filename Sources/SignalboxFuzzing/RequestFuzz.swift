import SignalboxCore
import SignalboxProviders
import SignalboxServer
import SignalboxTesting

/// Requests in each of the callers' dialects: read, or refused with the field's name; and what every adapter
/// makes of them.
enum RequestFuzz {
    static let targets = [
        FuzzTarget("requests", words: words, sample: chat, brokenPromise: chatRead),
        FuzzTarget("embedding-requests", words: words, sample: embeddings, brokenPromise: embeddingsRead),
        FuzzTarget("messages", words: words, sample: messages, brokenPromise: messagesRead),
        FuzzTarget("generate", words: words, sample: generate, brokenPromise: generateRead),
    ]

    private static let words = [
        "\"messages\":", "\"role\":", "\"content\":", "\"type\":", "\"text\":", "\"tools\":", "\"system\":",
        "\"tool_choice\":", "\"input\":", "\"stream\":true", "\"max_tokens\":", "\"tool_result\"",
        "\"tool_use\"", "\"image\"", "\"source\":", "\"thinking\":", "\"stop\":", "\"response_format\":",
    ]

    private static func adapter(_ input: inout FuzzInput) -> any ProviderAdapter {
        input.choice(of: FuzzSubject.all)?.suite.adapter
            ?? OpenAICompatibleAdapter(baseURL: "http://fake.test")
    }

    private static func call(_ bytes: [UInt8], _ operation: CallOperation? = nil) -> ChatCall? {
        JSONFuzz.fields(bytes).map { fields in
            let asked: CallOperation = fields.bool("stream") ?? false ? .chatStream : .chat
            return ChatCall(
                body: bytes, fields: fields, model: fields.string("model") ?? "",
                operation: operation ?? asked)
        }
    }

    private static func prefixed(_ mutation: inout FuzzMutation, _ samples: [String]) -> [UInt8] {
        [UInt8(mutation.index(of: FuzzSubject.all))] + Array(mutation.pick(samples).utf8)
    }

    /// A field's name may be empty, and then so is what names it.
    private static func broken(byRefusal failure: UpstreamFailure) -> String? {
        let isRefusal = failure.kind == .invalidRequest && failure.status == 400 && failure.parameter != nil
        return isRefusal ? nil : "a refusal names the field: \(failure)"
    }

    private static func broken(bySending call: ChatCall, to adapter: any ProviderAdapter, _ input: [UInt8])
        -> String?
    {
        do throws(UpstreamFailure) {
            let body = try adapter.encode(call, model: "m")
            guard JSONFuzz.isObject(body) else { return "what is sent is a JSON object" }
            return FuzzBound.holds(body.count, from: input) ? nil : "what is sent is bounded"
        } catch {
            return broken(byRefusal: error)
        }
    }

    // MARK: OpenAI's dialect

    private static func chat(_ mutation: inout FuzzMutation) -> [UInt8] {
        prefixed(&mutation, FuzzRequests.all)
    }

    private static func chatRead(_ bytes: [UInt8]) -> String? {
        var input = FuzzInput(bytes)
        let adapter = adapter(&input)
        guard let call = call(input.bytes) else { return nil }
        do throws(UpstreamFailure) {
            let conversation = try Conversation(reading: call)
            guard 1...max(1, bytes.count) ~= conversation.messages.count else {
                return "as many messages as there can be"
            }
        } catch {
            if let broken = broken(byRefusal: error) { return broken }
        }
        return broken(bySending: call, to: adapter, bytes)
    }

    private static func embeddings(_ mutation: inout FuzzMutation) -> [UInt8] {
        prefixed(
            &mutation,
            [
                #"{"model":"m","input":"one"}"#, #"{"model":"m","input":["one","two"],"dimensions":8}"#,
                #"{"model":"m","input":[1,2,3],"encoding_format":"base64","user":"u"}"#,
                #"{"model":"m","input":[[1,2],[3]],"encoding_format":"float"}"#,
            ])
    }

    private static func embeddingsRead(_ bytes: [UInt8]) -> String? {
        var input = FuzzInput(bytes)
        let adapter = adapter(&input)
        guard let call = call(input.bytes, .embeddings) else { return nil }
        do throws(UpstreamFailure) {
            let request = try EmbeddingRequest(reading: call)
            guard 1...EmbeddingRequest.inputsMax ~= request.inputs.count else { return "1 to 2,048 inputs" }
        } catch {
            if let broken = broken(byRefusal: error) { return broken }
        }
        guard adapter.target(.embeddings, model: "m", key: nil) != nil else { return nil }
        return broken(bySending: call, to: adapter, bytes)
    }

    // MARK: Other dialects

    private static func messages(_ mutation: inout FuzzMutation) -> [UInt8] {
        prefixed(&mutation, FuzzRequests.messages)
    }

    private static func messagesRead(_ bytes: [UInt8]) -> String? {
        var input = FuzzInput(bytes)
        let adapter = adapter(&input)
        guard let fields = JSONFuzz.fields(input.bytes) else { return nil }
        do throws(UpstreamFailure) {
            let call = try AnthropicDialect().read(
                fields, model: "m", isStreaming: fields.bool("stream") ?? false)
            guard FuzzBound.holds(call.body.count, from: bytes) else {
                return "what is translated is bounded"
            }
            return broken(bySending: call, to: adapter, bytes)
        } catch {
            return broken(byRefusal: error)
        }
    }

    private static func generate(_ mutation: inout FuzzMutation) -> [UInt8] {
        let samples = [
            #"{"prompt":"hello"}"#, #"{"prompt":"hello","model":"m","priority":"high","max_tokens":5}"#,
            #"{"prompt":"x","system_prompt":"s","priority":0,"options":{"temperature":0.5,"seed":1}}"#,
            #"{"prompt":"x","stream":false,"timeout":null,"user":"u"}"#,
        ]
        return Array(mutation.pick(samples).utf8)
    }

    private static func generateRead(_ bytes: [UInt8]) -> String? {
        do throws(RequestError) {
            let call = try GenerateRequest.read(bytes, defaultModel: "m")
            guard FuzzBound.holds(call.body.count, from: bytes) else {
                return "what is translated is bounded"
            }
            do throws(UpstreamFailure) {
                return try Conversation(reading: call).messages.isEmpty ? "there is a message" : nil
            } catch {
                return broken(byRefusal: error)
            }
        } catch {
            switch error {
            case .invalid: return nil
            case .coding, .refused: return "what is wrong with a prompt is said of the prompt"
            }
        }
    }
}
