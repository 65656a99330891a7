import Signalbox
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// A request by its names: its id, and its place in a trace.
struct AskedRequest {
    let id: String
    let trace: RequestTrace
    let exchange: Exchange
    /// How its caller speaks; nil is OpenAI's dialect.
    let dialect: (any CallerDialect)?

    /// - Parameter route: the path under which the endpoint is known.
    init(
        _ exchange: Exchange, id: String, route: String, _ router: Router,
        dialect: (any CallerDialect)? = nil
    ) {
        self.dialect = dialect
        self.id = id
        self.exchange = exchange
        trace = router.trace(
            under: CallerTrace.of(exchange),
            origin: .http(method: exchange.method, path: exchange.path, route: route), on: exchange.loop)
    }
}

/// What the caller says of its trace: `traceparent` and `tracestate`.
enum CallerTrace {
    /// Nil where there is none, or more than one: then nobody knows which is meant.
    static func of(_ exchange: Exchange) -> TraceContext? {
        guard exchange.header("traceparent") != nil else { return nil }
        let parents = exchange.headers("traceparent")
        guard parents.count == 1 else { return nil }
        return TraceContext(traceparent: parents[0], tracestate: exchange.headers("tracestate"))
    }
}
