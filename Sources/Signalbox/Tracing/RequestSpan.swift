import SignalboxCore
import SignalboxTelemetry

/// The span of a client's request, as HTTP's conventions have it where it came that way.
struct RequestSpan {
    let trace: RequestTrace
    let requestID: String
    /// Nil where the request named none.
    let route: String?
    let tenant: String?
    let ending: CallEnding

    func record(from start: Instant, to end: Instant, scope: InstrumentationScope) -> SpanRecord {
        SpanRecord(
            context: trace.context, parent: trace.parent, isParentRemote: trace.isParentRemote, kind: kind,
            name: name, start: trace.civil(start), end: max(trace.civil(start), trace.civil(end)),
            attributes: attributes, status: status, scope: scope)
    }

    private var kind: SpanRecord.Kind {
        switch trace.origin {
        case .http: .server
        case .program: .internal
        }
    }

    private var name: String {
        switch trace.origin {
        case .http(let method, _, let route): "\(method) \(route)"
        case .program: route.map { "route \($0)" } ?? "route"
        }
    }

    private var attributes: [SpanRecord.Attribute] {
        var attributes: [SpanRecord.Attribute] = []
        if case .http(let method, let path, let route) = trace.origin {
            attributes += [
                SpanRecord.Attribute("http.request.method", .string(method)),
                SpanRecord.Attribute("http.route", .string(route)),
                SpanRecord.Attribute("url.path", .string(path)),
                SpanRecord.Attribute("url.scheme", "http"),
                SpanRecord.Attribute("http.response.status_code", .int(Int64(ending.status))),
            ]
        }
        attributes.append(SpanRecord.Attribute("signalbox.request_id", .string(requestID)))
        if let route { attributes.append(SpanRecord.Attribute("signalbox.route", .string(route))) }
        if let tenant { attributes.append(SpanRecord.Attribute("signalbox.tenant", .string(tenant))) }
        attributes.append(SpanRecord.Attribute("signalbox.outcome", .string(ending.outcome.rawValue)))
        if isError {
            attributes.append(SpanRecord.Attribute("error.type", .string(errorType)))
        }
        return attributes
    }

    /// A server's span is no error where the client is at fault.
    private var isError: Bool {
        switch ending.outcome {
        case .exhausted, .interrupted: true
        case .success, .fallback, .rejected, .invalid, .cancelled: ending.status >= 500
        }
    }

    private var errorType: String { ending.failure?.kind.label ?? "\(ending.status)" }

    private var status: SpanRecord.Status { isError ? .error("") : .unset }
}
