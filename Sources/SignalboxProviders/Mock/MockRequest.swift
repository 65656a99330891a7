public import SignalboxCore

/// A provider without a network: the wire format is OpenAI's, and so is all that decodes it.
public struct MockAdapter: ProviderAdapter {
    private let settings: MockSettings
    private let format = OpenAICompatibleAdapter(baseURL: "mock:")

    public init(settings: MockSettings = MockSettings()) {
        self.settings = settings
    }

    /// The scripts are made once, here: playing one costs a request nothing but a reference.
    public func target(model: String, key: Secret?) -> CallTarget {
        let script = MockScript(model: model, settings: settings)
        let plain = script.plain()
        let streamed = script.streamed(includesUsage: false)
        let streamedWithUsage = script.streamed(includesUsage: true)
        return .script { call in
            guard call.isStreaming else { return plain }
            let includesUsage = call.fields.object("stream_options")?.bool("include_usage") ?? false
            return includesUsage ? streamedWithUsage : streamed
        }
    }

    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        try format.encode(call, model: model)
    }

    public func judge(
        status: Int, headers: HeaderBlock, body: [UInt8], at now: WallTime
    ) -> Result<ReplySummary, UpstreamFailure> {
        format.judge(status: status, headers: headers, body: body, at: now)
    }

    public func streamDecoder() -> any StreamDecoder {
        format.streamDecoder()
    }
}
