public import SignalboxCore

/// The embedding program's own provider: what it answers is written in OpenAI's dialect where it is handed
/// over, so that streams, tokens and spans are followed as everybody's.
public struct CustomAdapter: ProviderAdapter {
    private let format = OpenAICompatibleAdapter(baseURL: "custom:", dialect: .mock)

    public init() {}

    public func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget? {
        switch operation {
        case .chat, .chatStream: .embedder(key: key)
        case .embeddings: nil
        }
    }

    /// - Throws: of kind `invalidRequest`, naming the field, what cannot be taken apart.
    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        _ = try Conversation(reading: call)
        return try format.encode(call, model: model)
    }

    public func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        if let failure = CustomFailure.read(reply.body, in: 0..<reply.body.count) { return .failure(failure) }
        return format.judge(reply, to: call)
    }

    public func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder {
        CustomStream(format.streamDecoder(for: call, opening), showsUsage: call.wantsStreamUsage)
    }
}
