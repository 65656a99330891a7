public import SignalboxCore

/// OpenAI's chat completions, as OpenAI and everyone who copied it speaks them.
public struct OpenAICompatibleAdapter: ProviderAdapter {
    private let baseURL: String

    /// `baseURL` is what stands before `/chat/completions`.
    public init(baseURL: String) {
        var base = Substring(baseURL)
        while base.hasSuffix("/") { base = base.dropLast() }
        self.baseURL = String(base)
    }

    public func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget? {
        let path: String
        switch operation {
        case .chat, .chatStream: path = "/chat/completions"
        case .embeddings: path = "/embeddings"
        }
        var headers = [(name: "content-type", value: Secret("application/json"))]
        if let key, !key.isEmpty {
            headers.append((name: "authorization", value: Secret("Bearer " + key.reveal())))
        }
        return .http(url: baseURL + path, headers: headers)
    }

    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        OpenAICompatibleRequest.encode(call, model: model)
    }

    public func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        guard 200...299 ~= reply.status else {
            let retryAfter = RetryAfter.read(reply.headers, at: reply.receivedAt)
            return .failure(
                OpenAICompatibleFailure.judge(status: reply.status, body: reply.body, retryAfter: retryAfter))
        }
        return OpenAICompatibleReply.judge(
            status: reply.status, body: reply.body, operation: call.operation
        ).map { JudgedReply($0) }
    }

    public func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder {
        OpenAICompatibleStream()
    }
}

enum OpenAICompatibleRequest {
    /// The caller's bytes with another `model`, wherever it is named: of two, nobody knows which a provider
    /// obeys.
    static func encode(_ call: ChatCall, model: String) -> [UInt8] {
        // The common case of one name that is already right needs no copy of what may be a large body.
        if call.model == model, call.fields.all(named: "model").count == 1 { return call.body }
        var splice = JSONSplice(call.fields)
        splice.set("model", to: .string(model))
        return splice.build()
    }
}
