import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// The span of one attempt: a client's inference span, as GenAI's conventions v1.41 have it.
struct AttemptSpan {
    let id: SpanID
    /// Which attempt of its request it is, counted from 1.
    let number: Int
    let start: Instant
    /// When the first chunk of a stream came.
    var firstChunk: Instant?

    func record(
        of call: RoutedCall, _ candidate: ResolvedCandidate, _ summary: ReplySummary,
        failure: UpstreamFailure?, status: Int?, until end: Instant
    ) -> SpanRecord {
        let trace = call.trace
        var context = trace.context
        context.spanID = id
        var attributes = request(of: call, candidate)
        attributes += reply(summary, failure, status, isStreaming: call.isStreaming)
        return SpanRecord(
            context: context, parent: trace.context.spanID, kind: .client,
            name: "\(operation(of: call)) \(candidate.model)",
            start: trace.civil(start), end: trace.civil(end), attributes: attributes,
            status: failure == nil ? .unset : .error(""), scope: call.generation.tracing.scope)
    }

    private func operation(of call: RoutedCall) -> String {
        switch call.call.operation {
        case .chat, .chatStream: GenAIIdentity.chat
        case .embeddings: GenAIIdentity.embeddings
        }
    }

    private func request(of call: RoutedCall, _ candidate: ResolvedCandidate) -> [SpanRecord.Attribute] {
        var attributes: [SpanRecord.Attribute] = [
            SpanRecord.Attribute("gen_ai.operation.name", .string(operation(of: call))),
            SpanRecord.Attribute("gen_ai.provider.name", .string(candidate.provider.genAIName)),
            SpanRecord.Attribute("gen_ai.request.model", .string(candidate.model)),
        ]
        if let server = candidate.provider.server {
            attributes.append(SpanRecord.Attribute("server.address", .string(server.address)))
            attributes.append(SpanRecord.Attribute("server.port", .int(Int64(server.port))))
        }
        if call.isStreaming {
            attributes.append(SpanRecord.Attribute("gen_ai.request.stream", .bool(true)))
        }
        attributes += call.call.parameterAttributes
        attributes.append(SpanRecord.Attribute("signalbox.provider", .string(candidate.provider.name)))
        attributes.append(SpanRecord.Attribute("signalbox.key", .string(candidate.keyAlias)))
        attributes.append(SpanRecord.Attribute("signalbox.attempt", .int(Int64(number))))
        return attributes
    }

    private func reply(
        _ summary: ReplySummary, _ failure: UpstreamFailure?, _ status: Int?, isStreaming: Bool
    ) -> [SpanRecord.Attribute] {
        var attributes: [SpanRecord.Attribute] = []
        func add(_ key: String, _ value: AttributeValue) {
            attributes.append(SpanRecord.Attribute(key, value))
        }
        if let status, status > 0 { add("http.response.status_code", .int(Int64(status))) }
        if let failure { add("error.type", .string(failure.kind.label)) }
        if let model = summary.model { add("gen_ai.response.model", .string(model)) }
        // A position without its last event ended in an error: the conventions' word for it.
        let reason = summary.finishReason ?? (failure != nil && firstChunk != nil ? "error" : nil)
        if let reason { add("gen_ai.response.finish_reasons", .strings([String(reason.prefix(64))])) }
        if let firstChunk {
            add("gen_ai.response.time_to_first_chunk", .double(firstChunk.seconds(since: start)))
        }
        guard let usage = summary.usage else { return attributes }
        add("gen_ai.usage.input_tokens", .int(Int64(usage.promptTokens)))
        add("gen_ai.usage.output_tokens", .int(Int64(usage.completionTokens)))
        if usage.cachedTokens > 0 {
            add("gen_ai.usage.cache_read.input_tokens", .int(Int64(usage.cachedTokens)))
        }
        if usage.cacheWriteTokens > 0 {
            add("gen_ai.usage.cache_creation.input_tokens", .int(Int64(usage.cacheWriteTokens)))
        }
        return attributes
    }
}

extension TraceContext {
    /// What a provider is sent, so that its own spans hang on the attempt's.
    func headers(at attempt: SpanID) -> [RequestHeader] {
        var headers = [RequestHeader("traceparent", child(attempt).traceparent)]
        if let state { headers.append(RequestHeader("tracestate", state.text)) }
        return headers
    }
}
