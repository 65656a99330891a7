import SignalboxConfig
import SignalboxCore
import SignalboxTelemetry

/// OpenTelemetry's view of one model at one provider. Handles are resolved when configuration loads, but for
/// those of failures and of models that answered under another name.
final class GenAIMetrics: Sendable {
    private let duration: ByAnswer<Histogram>
    private let failures: HistogramFamily
    private let firstChunk: ByAnswer<Histogram>
    private let perChunk: ByAnswer<Histogram>
    private let tokens: ByAnswer<GenAITokens>
    private let identity: GenAIIdentity
    /// Keeps their series.
    private let registry: SeriesScope

    init(
        _ scopes: SeriesScopes, _ conventions: Configuration.Metrics.Conventions, _ identity: GenAIIdentity
    ) {
        self.identity = identity
        let registry = scopes[.genAI([conventions.rawValue] + identity.labels(answeredBy: ""))]
        self.registry = registry
        let names = GenAINames(conventions)
        let duration = registry.histogram(names.duration)
        failures = duration
        self.duration = ByAnswer(identity) { duration.series($0 + [""]) }
        let firstChunk = registry.histogram(names.firstChunk)
        self.firstChunk = ByAnswer(identity) { firstChunk.series($0) }
        let perChunk = registry.histogram(names.perChunk)
        self.perChunk = ByAnswer(identity) { perChunk.series($0) }
        tokens = ByAnswer(identity) { GenAITokens(registry, conventions, labels: $0) }
    }

    func ended(after seconds: Double, _ summary: ReplySummary, failure kind: FailureKind?) {
        guard let kind else { return duration[summary.model].observe(seconds) }
        failures.series(identity.labels(answeredBy: "") + [kind.label]).observe(seconds)
    }

    func used(_ usage: TokenUsage, by model: String?) {
        tokens[model].used(usage)
    }

    /// Asked for once a stream.
    func stream(answeredBy model: String?) -> GenAIStreamMetrics {
        GenAIStreamMetrics(firstChunk: firstChunk[model], perChunk: perChunk[model])
    }
}

/// One model's metrics, operation by operation.
struct GenAIOperations: Sendable {
    let chat: GenAIMetrics
    /// Made with the first request: few models have both.
    private let embeddings: LazySeries<GenAIMetrics>

    init(
        _ scopes: SeriesScopes, _ conventions: Configuration.Metrics.Conventions, _ identity: GenAIIdentity
    ) {
        chat = GenAIMetrics(scopes, conventions, identity)
        var identity = identity
        identity.operation = GenAIIdentity.embeddings
        embeddings = LazySeries { [identity] in GenAIMetrics(scopes, conventions, identity) }
    }

    subscript(operation: CallOperation) -> GenAIMetrics {
        switch operation {
        case .chat, .chatStream: chat
        case .embeddings: embeddings.handle
        }
    }
}

/// What a stream is measured with.
struct GenAIStreamMetrics: Sendable {
    let firstChunk: Histogram
    let perChunk: Histogram
}

/// The labels that all of a model's series share.
struct GenAIIdentity: Sendable {
    /// `gen_ai.operation.name`
    var operation = Self.chat
    let provider: String
    let model: String
    /// Empty where nothing is called over a network.
    let address: String
    let port: String

    static let chat = "chat"
    static let embeddings = "embeddings"

    func labels(answeredBy responseModel: String) -> [String] {
        [operation, provider, model, responseModel, address, port]
    }
}

/// One handle for each value of `gen_ai_response_model`: the model that was asked for, `other` for any other
/// name that a provider gives it, and none where it gives none. So no provider can make series.
private struct ByAnswer<Handle: Sendable>: Sendable {
    private let asked: String
    private let same: Handle
    private let other: LazySeries<Handle>
    private let unnamed: LazySeries<Handle>

    init(_ identity: GenAIIdentity, _ make: @escaping @Sendable ([String]) -> Handle) {
        asked = identity.model
        same = make(identity.labels(answeredBy: identity.model))
        other = LazySeries { make(identity.labels(answeredBy: MetricRegistry.otherLabel)) }
        unnamed = LazySeries { make(identity.labels(answeredBy: "")) }
    }

    subscript(model: String?) -> Handle {
        guard let model else { return unnamed.handle }
        return model == asked ? same : other.handle
    }
}

/// What the two versions of the conventions call a thing.
private struct GenAINames {
    let duration: MetricDefinition
    let firstChunk: MetricDefinition
    let perChunk: MetricDefinition

    init(_ conventions: Configuration.Metrics.Conventions) {
        switch conventions {
        case .v1_41:
            duration = Catalogue.genAIOperationDuration
            firstChunk = Catalogue.genAITimeToFirstChunk
            perChunk = Catalogue.genAITimePerOutputChunk
        case .latest:
            duration = Catalogue.genAIInferenceDuration
            firstChunk = Catalogue.genAIInferenceTimeToFirstChunk
            perChunk = Catalogue.genAIInferenceTimePerOutputChunk
        }
    }
}
