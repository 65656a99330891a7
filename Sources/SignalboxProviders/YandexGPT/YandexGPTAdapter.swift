public import SignalboxCore

/// YandexGPT in its native dialect.
public struct YandexGPTAdapter: ProviderAdapter {
    private let baseURL: String
    private let folder: String
    private let authentication: YandexGPTAuthentication?
    private let unsupported: Unsupported

    /// - Parameters:
    ///   - baseURL: what stands before `/completion`.
    ///   - folder: the id of the folder that pays, and that models are named under.
    ///   - authentication: nil for what each key looks like.
    public init(
        baseURL: String, folder: String, authentication: YandexGPTAuthentication? = nil,
        dropsUnsupported: Bool = false
    ) {
        var base = Substring(baseURL)
        while base.hasSuffix("/") { base = base.dropLast() }
        self.baseURL = String(base)
        self.folder = folder
        self.authentication = authentication
        unsupported = Unsupported(vendor: "YandexGPT", isDropped: dropsUnsupported)
    }

    public var framing: StreamFraming { .jsonLines }

    public func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget? {
        let path: String
        switch operation {
        case .chat, .chatStream: path = "/completion"
        case .embeddings: path = "/textEmbedding"
        }
        var headers = [
            (name: "content-type", value: Secret("application/json")),
            (name: "x-folder-id", value: Secret(folder)),
        ]
        if let key, !key.isEmpty {
            let authentication = authentication ?? YandexGPTAuthentication(of: key)
            headers.append((name: "authorization", value: authentication.header(key)))
        }
        return .http(url: baseURL + path, headers: headers)
    }

    public func probe(_ key: Secret?, models: [String]) -> (any KeyProbe)? {
        YandexGPTProbe.make(
            baseURL: baseURL, folder: folder, key: key, authentication: authentication)
    }

    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        switch call.operation {
        case .chat, .chatStream:
            let request = YandexGPTRequest(
                modelURI: uri(of: model, scheme: "gpt"), isStreaming: call.isStreaming,
                unsupported: unsupported)
            return try request.encode(try Conversation(reading: call)).json
        case .embeddings:
            return try YandexGPTEmbeddings.encode(
                call, modelURI: uri(of: model, scheme: "emb"), unsupported)
        }
    }

    /// A model that is named by its whole URI keeps it.
    private func uri(of model: String, scheme: String) -> String {
        model.contains("://") ? model : "\(scheme)://\(folder)/\(model)"
    }

    public func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        guard 200...299 ~= reply.status else { return .failure(YandexGPTFailure.judge(reply)) }
        switch call.operation {
        case .chat, .chatStream: return YandexGPTReply.judge(reply, to: call)
        case .embeddings: return YandexGPTEmbeddings.judge(reply, to: call)
        }
    }

    public func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder {
        YandexGPTStream(for: call, opening)
    }
}

/// How a key is presented.
public enum YandexGPTAuthentication: String, Sendable, Hashable, CaseIterable {
    /// A service account's, which lasts.
    case apiKey = "api-key"
    /// Lasts twelve hours at most.
    case token = "iam-token"

    /// By what it looks like: IAM tokens begin with `t1.`.
    init(of key: Secret) {
        self = key.reveal().hasPrefix("t1.") ? .token : .apiKey
    }

    func header(_ key: Secret) -> Secret {
        switch self {
        case .apiKey: Secret("Api-Key " + key.reveal())
        case .token: Secret("Bearer " + key.reveal())
        }
    }
}
