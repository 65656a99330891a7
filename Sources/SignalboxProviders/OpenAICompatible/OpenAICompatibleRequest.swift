public import SignalboxCore

/// OpenAI's chat completions, as OpenAI and everyone who copied it speaks them.
public struct OpenAICompatibleAdapter: ProviderAdapter {
    private let url: String

    /// `baseURL` is what stands before `/chat/completions`.
    public init(baseURL: String) {
        var base = Substring(baseURL)
        while base.hasSuffix("/") { base = base.dropLast() }
        url = base + "/chat/completions"
    }

    public func target(model: String, key: Secret?) -> CallTarget {
        var headers = [(name: "content-type", value: Secret("application/json"))]
        if let key, !key.isEmpty {
            headers.append((name: "authorization", value: Secret("Bearer " + key.reveal())))
        }
        return .http(url: url, headers: headers)
    }

    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        OpenAICompatibleRequest.encode(call, model: model)
    }

    public func judge(
        status: Int, headers: HeaderBlock, body: [UInt8], at now: WallTime
    ) -> Result<ReplySummary, UpstreamFailure> {
        guard 200...299 ~= status else {
            let retryAfter = RetryAfter.read(headers, at: now)
            return .failure(OpenAICompatibleFailure.judge(status: status, body: body, retryAfter: retryAfter))
        }
        return OpenAICompatibleReply.judge(status: status, body: body)
    }

    public func streamDecoder() -> any StreamDecoder {
        OpenAICompatibleStream()
    }
}

enum OpenAICompatibleRequest {
    /// The caller's bytes with another `model`, wherever it is named: of two, nobody knows which a provider obeys.
    static func encode(_ call: ChatCall, model: String) -> [UInt8] {
        // The common case of one name that is already right needs no copy of what may be a large body.
        if call.model == model, call.fields.all(named: "model").count == 1 { return call.body }
        var splice = JSONSplice(call.fields)
        splice.set("model", to: .string(model))
        return splice.build()
    }
}
