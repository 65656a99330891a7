public import SignalboxCore

/// Google's Gemini API in its own dialect, `v1beta`.
public struct GeminiAdapter: ProviderAdapter {
    private let baseURL: String
    private let unsupported: Unsupported

    /// `baseURL` is what stands before `/models/…`.
    public init(baseURL: String, dropsUnsupported: Bool = false) {
        var base = Substring(baseURL)
        while base.hasSuffix("/") { base = base.dropLast() }
        self.baseURL = String(base)
        unsupported = Unsupported(vendor: "Gemini", isDropped: dropsUnsupported)
    }

    /// A conversation whose last turn is the model's is gone on with.
    public func prefill(model: String) -> Prefill { .continued }

    public func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget? {
        let method: String
        switch operation {
        case .chat: method = "generateContent"
        case .chatStream: method = "streamGenerateContent?alt=sse"
        // One text or many: the address cannot depend on it, so it is the one that takes many.
        case .embeddings: method = "batchEmbedContents"
        }
        var headers = [(name: "content-type", value: Secret("application/json"))]
        if let key, !key.isEmpty { headers.append((name: "x-goog-api-key", value: key)) }
        return .http(url: "\(baseURL)/\(GeminiModel(model).path):\(method)", headers: headers)
    }

    public func probe(_ key: Secret?, models: [String]) -> (any KeyProbe)? {
        GeminiProbe.make(baseURL: baseURL, key: key, models: models)
    }

    public func modelProbe(_ key: Secret?, model: String) -> (any KeyProbe)? {
        GeminiProbe.make(baseURL: baseURL, key: key, model: model)
    }

    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        switch call.operation {
        case .chat, .chatStream:
            let request = GeminiRequest(model: GeminiModel(model), unsupported: unsupported)
            return try request.encode(try Conversation(reading: call)).json
        case .embeddings: return try GeminiEmbeddings.encode(call, model: GeminiModel(model), unsupported)
        }
    }

    public func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        guard 200...299 ~= reply.status else { return .failure(GeminiFailure.judge(reply)) }
        switch call.operation {
        case .chat, .chatStream: return GeminiReply.judge(reply, to: call)
        case .embeddings: return GeminiEmbeddings.judge(reply, to: call)
        }
    }

    public func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder {
        GeminiStream(for: call, opening)
    }
}

/// A model as the configuration names it: `gemini-2.5-flash`, `models/…` or `tunedModels/…`.
struct GeminiModel {
    /// What stands between the base address and the method.
    let path: String
    /// 2 for `gemini-2.5-flash`; nil for other families and for names without a number.
    let generation: Int?

    init(_ name: String) {
        let bare = name.split(separator: "/").last.map(String.init) ?? name
        path = GeminiModel.escaped(name.contains("/") ? name : "models/\(name)")
        let digits = bare.hasPrefix("gemini-") ? bare.dropFirst(7).prefix(while: \.isNumber) : ""
        generation = Int(digits)
    }

    /// From the third generation on models think by levels, and want the calls in a history signed.
    var thinksByLevel: Bool { generation.map { $0 >= 3 } ?? false }

    private static func escaped(_ path: String) -> String {
        var result = ""
        for byte in path.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || (48...57).contains(byte))
                || "-._~/@".utf8.contains(byte)
            result += isPlain ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return result
    }
}
