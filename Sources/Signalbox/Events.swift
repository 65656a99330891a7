import SignalboxCore
import SignalboxTelemetry

/// Every metric and log line of the router: nothing else here names one.
final class RouterEvents: Sendable {
    let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func fellBack(
        _ call: RoutedCall, in route: ResolvedRoute, from: String, to: String, because kind: FailureKind
    ) {
        let scope = route.fallbacks.scope(from: from, to: to)
        scope.counter(Catalogue.fallbacks).series(call.routeLabel, from, to, kind.label).increment()
        logger.log(.info, "llm_fallback", requestID: call.requestID, trace: call.trace.context) { fields in
            fields.string("route", call.routeLabel)
            fields.string("from", from)
            fields.string("to", to)
            fields.string("reason", kind.label)
        }
    }

    func rotated(within provider: ResolvedProvider, _ kind: RotationKind, because failure: FailureKind) {
        provider.metrics.rotations.series(provider.name, kind.rawValue, failure.label).increment()
    }

    func malformedChunk(_ call: RoutedCall, from candidate: ResolvedCandidate) {
        logger.log(.warning, "llm_malformed_chunk", requestID: call.requestID, trace: call.trace.context) {
            fields in
            fields.string("provider", candidate.provider.name)
            fields.string("model", candidate.model)
        }
    }

    func exhausted(_ route: ResolvedRoute, reason: String) {
        route.metrics.exhaustions.series(route.name, reason).increment()
    }

    /// The one line that tells a request's story.
    /// - Parameter names: the route's and the tenant's.
    func ended(_ call: RoutedCall, _ ending: CallEnding, _ names: FixedFields) {
        let level: LogLevel
        let event: LogEvent
        switch ending.outcome {
        case .success, .fallback: (level, event) = (.info, "llm_request_completed")
        case .cancelled, .invalid, .rejected: (level, event) = (.info, "llm_request_failed")
        case .exhausted, .interrupted: (level, event) = (.warning, "llm_request_failed")
        }
        logger.log(level, event, requestID: call.requestID, trace: call.trace.context) { fields in
            fields.fixed(names)
            fields.string("outcome", ending.outcome.rawValue)
            fields.int("status", ending.status)
            if let last = call.attempts.last { fields.fixed(last.candidate.metrics.names) }
            fields.bool("streaming", call.isStreaming)
            fields.string("priority", call.priority?.rawValue)
            fields.milliseconds("latency_ms", ending.duration)
            fields.milliseconds("overhead_ms", ending.overhead)
            if call.queued > .zero { fields.milliseconds("queue_ms", call.queued) }
            if let usage = ending.summary.usage {
                fields.int("prompt_tokens", usage.promptTokens)
                fields.int("completion_tokens", usage.completionTokens)
            }
            if let cost = call.cost {
                fields.double("cost", cost.units)
                fields.string("currency", cost.currency)
            }
            fields.string("finish_reason", ending.summary.finishReason)
            fields.string("error_type", ending.failure?.kind.label)
            fields.string("error", ending.failure?.message)
            fields.array("attempts", count: call.attempts.count) { index, fields in
                let attempt = call.attempts[index]
                fields.fixed(attempt.candidate.metrics.names)
                fields.string("key", attempt.candidate.keyAlias)
                fields.string("error_type", attempt.failure?.kind.label)
                fields.int("status", attempt.status)
                fields.milliseconds("ms", attempt.duration)
                // Of a good answer it stands above.
                if attempt.failure != nil, let usage = attempt.usage {
                    fields.int("prompt_tokens", usage.promptTokens)
                    fields.int("completion_tokens", usage.completionTokens)
                }
            }
            if let content = call.content {
                fields.string("prompt", content.prompt)
                fields.string("answer", content.answer)
            }
        }
    }
}

/// One model at one provider, its metric handles resolved when configuration loads.
final class AttemptMetrics: Sendable {
    private let success: Counter
    private let failure: Counter
    private let latency: Histogram
    private let timeToFirstToken: Histogram
    private let timePerOutputToken: Histogram
    private let promptTokens: Counter
    private let completionTokens: Counter
    private let cachedTokens: Counter
    private let cacheWriteTokens: Counter
    private let reasoningTokens: Counter
    /// With its scope, which keeps the others' series too.
    private let errors: CounterFamily
    private let labels: [String]
    /// For log lines.
    let names: FixedFields
    /// Nil where nothing is priced.
    let pricing: ModelPricing?

    init(_ scopes: SeriesScopes, provider: String, model: String, pricing: ModelPricing?) {
        self.pricing = pricing
        let registry = scopes[.model(model, provider: provider)]
        let requests = registry.counter(Catalogue.requests)
        success = requests.series(provider, model, AttemptStatus.success.rawValue)
        failure = requests.series(provider, model, AttemptStatus.failure.rawValue)
        latency = registry.histogram(Catalogue.requestLatency).series(provider, model)
        timeToFirstToken = registry.histogram(Catalogue.timeToFirstToken).series(provider, model)
        timePerOutputToken = registry.histogram(Catalogue.timePerOutputToken).series(provider, model)
        let tokens = registry.counter(Catalogue.tokens)
        promptTokens = tokens.series(provider, model, TokenType.prompt.rawValue)
        completionTokens = tokens.series(provider, model, TokenType.completion.rawValue)
        let details = registry.counter(Catalogue.tokenDetails)
        cachedTokens = details.series(provider, model, TokenDetailKind.cached.rawValue)
        cacheWriteTokens = details.series(provider, model, TokenDetailKind.cacheWrite.rawValue)
        reasoningTokens = details.series(provider, model, TokenDetailKind.reasoning.rawValue)
        errors = registry.counter(Catalogue.requestErrors)
        labels = [provider, model]
        names = FixedFields { fields in
            fields.string("provider", provider)
            fields.string("model", model)
        }
        for kind in FailureKind.all { errors.series(provider, model, kind.label).increment(by: UInt64(0)) }
    }

    func ended(after seconds: Double, failure kind: FailureKind?, exemplar: Exemplar?) {
        latency.observe(seconds, exemplar: exemplar)
        if let kind {
            failure.increment()
            errors.series(labels + [kind.label]).increment()
        } else {
            success.increment()
        }
    }

    func firstToken(after seconds: Double) {
        timeToFirstToken.observe(seconds)
    }

    /// - Parameter seconds: from the first content to the end. A single token took no time after itself.
    func streamed(_ usage: TokenUsage, in seconds: Double) {
        guard usage.completionTokens > 1 else { return }
        timePerOutputToken.observe(seconds / Double(usage.completionTokens - 1))
    }

    func used(_ usage: TokenUsage) {
        promptTokens.increment(by: usage.promptTokens)
        completionTokens.increment(by: usage.completionTokens)
        if usage.cachedTokens > 0 { cachedTokens.increment(by: usage.cachedTokens) }
        if usage.cacheWriteTokens > 0 { cacheWriteTokens.increment(by: usage.cacheWriteTokens) }
        if usage.reasoningTokens > 0 { reasoningTokens.increment(by: usage.reasoningTokens) }
    }
}

/// One provider's handles.
struct ProviderMetrics: Sendable {
    let inflight: Gauge
    let malformedChunks: Counter
    /// With its scope, which keeps the others' series too.
    let rotations: CounterFamily

    init(_ scopes: SeriesScopes, provider: String) {
        let registry = scopes[.provider(provider)]
        rotations = registry.counter(Catalogue.rotations)
        inflight = registry.gauge(Catalogue.inflightRequests).series(provider)
        malformedChunks = registry.counter(Catalogue.malformedStreamChunks).series(provider)
    }
}

/// Requests for one provider's tokens. They are rare: their series are resolved as they end.
struct TokenMetrics: Sendable {
    static let success = "success"

    private let requests: CounterFamily
    private let provider: String

    init(_ scopes: SeriesScopes, provider: String) {
        requests = scopes[.tokens(provider: provider)].counter(Catalogue.tokenRequests)
        self.provider = provider
        for result in [TokenMetrics.success] + FailureKind.all.map(\.label) {
            requests.series(provider, result).increment(by: UInt64(0))
        }
    }

    /// - Parameter failure: nil where a token came.
    func ended(_ failure: FailureKind?) {
        requests.series(provider, failure?.label ?? TokenMetrics.success).increment()
    }
}

/// One tenant's handles.
struct TenantMetrics: Sendable {
    private let promptTokens: Counter
    private let completionTokens: Counter
    /// Keeps their series.
    private let scope: SeriesScope
    let costs: TenantCosts
    let usage: TenantUsage

    /// - Parameter currencies: all that a price may be in.
    init(_ scopes: SeriesScopes, tenant: String, currencies: [String], hasWebhook: Bool) {
        scope = scopes[.tenant(tenant)]
        let tokens = scope.counter(Catalogue.tenantTokens)
        promptTokens = tokens.series(tenant, TokenType.prompt.rawValue)
        completionTokens = tokens.series(tenant, TokenType.completion.rawValue)
        costs = TenantCosts(scope, tenant: tenant, currencies: currencies)
        usage = TenantUsage(scope, tenant: tenant, hasWebhook: hasWebhook)
    }

    func used(_ usage: TokenUsage) {
        promptTokens.increment(by: usage.promptTokens)
        completionTokens.increment(by: usage.completionTokens)
    }
}

/// One route's handles, for every tenant and outcome. Shared: a copy would cost a request its arrays' counts.
final class RouteMetrics: Sendable {
    private let requests: [[Counter]]
    private let durations: [Histogram]
    private let overhead: Histogram
    /// With its scope, which keeps the others' series too, but for those of tenants.
    let exhaustions: CounterFamily
    let remedies: RemedyMetrics
    /// Each keeps what one tenant asks of this route.
    private let tenantScopes: [SeriesScope]
    /// For log lines; by the tenants' numbers.
    let names: [FixedFields]

    /// - Parameter tenants: the labels, in the order of their numbers.
    init(_ scopes: SeriesScopes, route: String, tenants: [String]) {
        tenantScopes = tenants.map { scopes[.requests(route: route, tenant: $0)] }
        requests = zip(tenants, tenantScopes).map { tenant, scope in
            let family = scope.counter(Catalogue.clientRequests)
            return ClientOutcome.allCases.map { family.series(route, tenant, $0.rawValue) }
        }
        let registry = scopes[.route(route)]
        exhaustions = registry.counter(Catalogue.exhaustions)
        remedies = RemedyMetrics(registry, route: route)
        let durations = registry.histogram(Catalogue.clientRequestDuration)
        self.durations = ClientOutcome.allCases.map { durations.series(route, $0.rawValue) }
        overhead = registry.histogram(Catalogue.overhead).series(route)
        names = tenants.map { tenant in
            FixedFields { fields in
                fields.string("route", route)
                fields.string("tenant", tenant)
            }
        }
    }

    func ended(tenant: Int, _ ending: CallEnding, exemplar: Exemplar?) {
        requests[tenant][ending.outcome.position].increment(exemplar: exemplar)
        durations[ending.outcome.position].observe(ending.duration.inSeconds, exemplar: exemplar)
        overhead.observe(ending.overhead.inSeconds)
    }
}

extension ClientOutcome {
    /// Its place in `allCases`.
    fileprivate var position: Int {
        switch self {
        case .success: 0
        case .fallback: 1
        case .exhausted: 2
        case .rejected: 3
        case .invalid: 4
        case .cancelled: 5
        case .interrupted: 6
        }
    }
}

extension Duration {
    fileprivate var inSeconds: Double { Double(nanoseconds) / 1e9 }
}

/// What the exporter has to say: a failure at most once a minute for each signal, and when it is over. Each
/// line may itself be exported, so one for every failure would feed on itself. Confined to its loop's thread.
final class ExportEvents {
    private struct Trouble {
        var toldAt: Instant
        /// Lost since then, and not told.
        var untold = 0
    }

    private let logger: Logger
    private var troubles: [ExportSignal: Trouble] = [:]
    private static let interval = Duration.seconds(60)

    init(logger: Logger) {
        self.logger = logger
    }

    func lost(
        _ signal: ExportSignal, _ count: Int, _ failure: ExportFailure, _ message: String?, retries: Int,
        at now: Instant
    ) {
        if let trouble = troubles[signal], trouble.toldAt.duration(to: now) < Self.interval {
            troubles[signal]?.untold += count
            return
        }
        let untold = troubles[signal]?.untold ?? 0
        troubles[signal] = Trouble(toldAt: now)
        logger.log(.warning, "otlp_export_failed") { fields in
            fields.string("signal", signal.rawValue)
            fields.int("count", count + untold)
            fields.string("error_type", failure.label)
            fields.string("error", message)
            fields.int("retries", retries)
        }
    }

    func arrived(_ signal: ExportSignal) {
        guard troubles.removeValue(forKey: signal) != nil else { return }
        logger.log(.info, "otlp_export_recovered") { $0.string("signal", signal.rawValue) }
    }

    /// The receiver took a request, but not all of it; or all, and has a warning.
    func rejected(_ signal: ExportSignal, _ rejected: Int, of count: Int, _ message: String) {
        logger.log(rejected > 0 ? .warning : .debug, "otlp_export_rejected") { fields in
            fields.string("signal", signal.rawValue)
            fields.int("count", count)
            fields.int("rejected", rejected)
            fields.string("error", message)
        }
    }
}
