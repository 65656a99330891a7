public import SignalboxCore

/// GigaChat: OpenAI's shape with functions for tools, behind tokens of half an hour.
public struct GigaChatAdapter: ProviderAdapter {
    public static let defaultTokenURL = "https://ngw.devices.sberbank.ru:9443/api/v2/oauth"

    private let baseURL: String
    private let tokenURL: String
    private let scope: GigaChatScope
    private let unsupported: Unsupported

    /// - Parameters:
    ///   - baseURL: what stands before `/chat/completions`.
    ///   - tokenURL: where tokens are asked for, whole.
    public init(
        baseURL: String, tokenURL: String = GigaChatAdapter.defaultTokenURL, scope: GigaChatScope = .auto,
        dropsUnsupported: Bool = false
    ) {
        var base = Substring(baseURL)
        while base.hasSuffix("/") { base = base.dropLast() }
        self.baseURL = String(base)
        self.tokenURL = tokenURL
        self.scope = scope
        unsupported = Unsupported(vendor: "GigaChat", isDropped: dropsUnsupported)
    }

    /// Without the authorization: the session brings it.
    public func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget? {
        let path: String
        switch operation {
        case .chat, .chatStream: path = "/chat/completions"
        case .embeddings: path = "/embeddings"
        }
        return .http(
            url: baseURL + path, headers: [(name: "content-type", value: Secret("application/json"))])
    }

    public func session(for key: Secret?) -> (any TokenSession)? {
        guard let key, !key.isEmpty else { return nil }
        return GigaChatSession(url: tokenURL, key: key, scope: scope)
    }

    public func probe(_ key: Secret?, models: [String]) -> (any KeyProbe)? {
        GigaChatProbe(baseURL: baseURL, tokenURL: tokenURL, key: key, scope: scope)
    }

    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        switch call.operation {
        case .chat, .chatStream:
            let request = GigaChatRequest(
                model: model, isStreaming: call.isStreaming, unsupported: unsupported)
            return try request.encode(try Conversation(reading: call)).json
        case .embeddings: return try GigaChatEmbeddings.encode(call, model: model, unsupported)
        }
    }

    public func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        guard 200...299 ~= reply.status else { return .failure(GigaChatFailure.judge(reply)) }
        switch call.operation {
        case .chat, .chatStream: return GigaChatReply.judge(reply, to: call)
        case .embeddings: return GigaChatEmbeddings.judge(reply, to: call)
        }
    }

    public func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder {
        GigaChatStream(for: call, opening)
    }
}

/// On what terms a key was sold. A token is asked for with the scope that the key has.
public enum GigaChatScope: String, Sendable, Hashable, CaseIterable {
    case personal = "PERS"
    /// Companies that pay in advance.
    case business = "B2B"
    /// Companies that pay by consumption.
    case corporate = "CORP"
    /// Whichever the key has, found by trying.
    case auto

    /// The scopes to try, in this order, as the token request names them.
    var names: [String] {
        switch self {
        case .personal, .business, .corporate: ["GIGACHAT_API_" + rawValue]
        case .auto: [GigaChatScope.personal, .business, .corporate].flatMap(\.names)
        }
    }
}
