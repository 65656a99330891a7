public import SignalboxCore

/// OpenAI's chat completions and embeddings, as OpenAI and everyone who copied them speaks them.
public struct OpenAICompatibleAdapter: ProviderAdapter {
    private let baseURL: String
    private let dialect: OpenAIDialect
    private let request: OpenAICompatibleRequest

    /// `baseURL` is what stands before `/chat/completions`.
    public init(baseURL: String) {
        self.init(baseURL: baseURL, dialect: .compatible)
    }

    init(baseURL: String, dialect: OpenAIDialect, dropsUnsupported: Bool = false) {
        var base = Substring(baseURL)
        while base.hasSuffix("/") { base = base.dropLast() }
        self.baseURL = String(base)
        self.dialect = dialect
        request = OpenAICompatibleRequest(dialect, dropsUnsupported: dropsUnsupported)
    }

    public func prefill(model: String) -> Prefill { dialect.prefill }

    public func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget? {
        let path: String
        switch operation {
        case .chat, .chatStream: path = "/chat/completions"
        case .embeddings:
            guard dialect.hasEmbeddings else { return nil }
            path = "/embeddings"
        }
        let type = (name: "content-type", value: Secret("application/json"))
        return .http(url: baseURL + path, headers: [type] + keyHeaders(key))
    }

    private func keyHeaders(_ key: Secret?) -> [(name: String, value: Secret)] {
        guard let key, !key.isEmpty else { return [] }
        switch dialect.keyHeader {
        case .bearer: return [("authorization", Secret("Bearer " + key.reveal()))]
        case .apiKey: return [("api-key", key)]
        }
    }

    public func probe(_ key: Secret?, models: [String]) -> (any KeyProbe)? {
        OpenAICompatibleProbe.make(dialect, key: key) { path, key in
            KeyProbeRequest(.get, baseURL + path, headers: keyHeaders(key))
        }
    }

    public func modelProbe(_ key: Secret?, model: String) -> (any KeyProbe)? {
        OpenAICompatibleProbe.make(dialect, key: key, model: model) { path, key in
            KeyProbeRequest(.get, baseURL + path, headers: keyHeaders(key))
        }
    }

    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        try request.encode(call, model: model)
    }

    public func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        guard 200...299 ~= reply.status else {
            return .failure(OpenAICompatibleFailure.judge(reply, dialect))
        }
        return OpenAICompatibleReply.judge(
            status: reply.status, body: reply.body, operation: call.operation, dialect: dialect
        ).map { JudgedReply($0) }
    }

    public func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder {
        OpenAICompatibleStream(dialect, for: call)
    }

    public func limits(in headers: HeaderBlock, at now: WallTime) -> RateLimits {
        dialect.limits.read(headers, at: now)
    }
}

/// Makes the caller's bytes the vendor's: everything that need not change stays as it was.
struct OpenAICompatibleRequest: Sendable {
    private let dialect: OpenAIDialect
    private let unsupported: Unsupported
    private let keepsFields: Bool

    private static let usageAsked = Array(#"{"include_usage":true}"#.utf8)

    init(_ dialect: OpenAIDialect, dropsUnsupported: Bool) {
        self.dialect = dialect
        unsupported = Unsupported(vendor: dialect.name, isDropped: dropsUnsupported)
        keepsFields = dialect.keepsFields
    }

    /// `model` is replaced wherever it is named: of two, nobody knows which a provider obeys.
    func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        let keepsModel = call.model == model && call.fields.count(named: "model") == 1
        let isPlain = !call.isStreaming && keepsFields || call.operation == .embeddings
        // The common case of one name that is already right needs no copy of what may be a large body.
        if keepsModel && isPlain { return call.body }
        var splice = JSONSplice(call.fields)
        if !keepsModel { splice.set("model", to: .string(model)) }
        if isPlain { return splice.build() }
        if !keepsFields { try translate(call.fields, &splice) }
        settleStreamUsage(of: call, &splice)
        return splice.isEmpty ? call.body : splice.build()
    }

    private func translate(_ fields: JSONFields, _ splice: inout JSONSplice) throws(UpstreamFailure) {
        for (from, to) in dialect.renamed {
            guard let value = fields[from] else { continue }
            splice.remove(from)
            if value.kind != .null { splice.set(to, to: .json(Array(fields.bytes[value.range]))) }
        }
        for refusal in dialect.refused {
            guard let value = fields[refusal.field] else { continue }
            if !Self.asksForNothing(value, in: fields.bytes, neutral: refusal.neutral) {
                try unsupported.field("\(refusal.field)", because: refusal.reason)
            }
            splice.remove(refusal.field)
        }
    }

    private func settleStreamUsage(of call: ChatCall, _ splice: inout JSONSplice) {
        let options = call.fields["stream_options"]
        switch dialect.streamUsage {
        case .callersChoice: return
        case .unasked: if options != nil { splice.remove("stream_options") }
        case .asked:
            guard call.isStreaming, !call.wantsStreamUsage else { return }
            if let given = call.fields.object("stream_options") {
                var inner = JSONSplice(given)
                inner.set("include_usage", to: .bool(true))
                splice.set("stream_options", to: .json(inner.build()))
            } else if options == nil || options?.kind == .null {
                splice.set("stream_options", to: .json(Self.usageAsked))
            }
        }
    }

    /// Whether leaving a value out changes nothing.
    private static func asksForNothing(_ value: JSONValue, in bytes: [UInt8], neutral: Int) -> Bool {
        switch value.kind {
        case .null, .false: true
        case .number: JSONScan.integer(at: value, in: bytes) == neutral
        // Two bytes are the quotes or brackets alone.
        case .string, .array, .object: value.range.count == 2
        case .true: false
        }
    }
}
