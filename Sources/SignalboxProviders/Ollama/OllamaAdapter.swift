public import SignalboxCore

/// Ollama in its own dialect, on this machine or in its cloud.
public struct OllamaAdapter: ProviderAdapter {
    private let baseURL: String
    private let unsupported: Unsupported

    /// `baseURL` is what stands before `/api/chat`.
    public init(baseURL: String, dropsUnsupported: Bool = false) {
        var base = Substring(baseURL)
        while base.hasSuffix("/") { base = base.dropLast() }
        self.baseURL = String(base)
        unsupported = Unsupported(vendor: "Ollama", isDropped: dropsUnsupported)
    }

    public var framing: StreamFraming { .jsonLines }

    /// A conversation whose last turn is the model's is gone on with.
    public func prefill(model: String) -> Prefill { .continued }

    /// Only the cloud asks for a key.
    public func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget? {
        let path: String
        switch operation {
        case .chat, .chatStream: path = "/api/chat"
        case .embeddings: path = "/api/embed"
        }
        var headers = [(name: "content-type", value: Secret("application/json"))]
        if let key, !key.isEmpty {
            headers.append((name: "authorization", value: Secret("Bearer " + key.reveal())))
        }
        return .http(url: baseURL + path, headers: headers)
    }

    public func probe(_ key: Secret?, models: [String]) -> (any KeyProbe)? {
        OllamaProbe.make(baseURL: baseURL, key: key)
    }

    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        switch call.operation {
        case .chat, .chatStream:
            let request = OllamaRequest(
                model: model, isStreaming: call.isStreaming, unsupported: unsupported)
            return try request.encode(try Conversation(reading: call)).json
        case .embeddings: return try OllamaEmbeddings.encode(call, model: model, unsupported)
        }
    }

    public func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        guard 200...299 ~= reply.status else { return .failure(OllamaFailure.judge(reply)) }
        switch call.operation {
        case .chat, .chatStream: return OllamaReply.judge(reply, to: call)
        case .embeddings: return OllamaEmbeddings.judge(reply, to: call)
        }
    }

    public func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder {
        OllamaStream(for: call, opening)
    }
}
