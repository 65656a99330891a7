public import SignalboxCore

/// A provider without a network: the wire format is OpenAI's, and so is all that decodes it.
public struct MockAdapter: ProviderAdapter {
    private let settings: MockSettings
    private let format = OpenAICompatibleAdapter(baseURL: "mock:", dialect: .mock)

    public init(settings: MockSettings = MockSettings()) {
        self.settings = settings
    }

    /// The scripts are made once, here: playing one costs a request nothing but a reference.
    public func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget? {
        guard operation != .embeddings else { return nil }
        let script = MockScript(model: model, settings: settings)
        let plain = script.plain()
        let streamed = script.streamed()
        return .script { call in
            if let begun = call.begun { return script.streamed(behind: begun, of: call) }
            guard call.isStreaming else { return plain }
            return streamed
        }
    }

    public func prefill(model: String) -> Prefill { format.prefill(model: model) }

    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        try format.encode(call, model: model)
    }

    public func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        format.judge(reply, to: call)
    }

    public func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder {
        format.streamDecoder(for: call, opening)
    }
}
