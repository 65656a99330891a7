import SignalboxCore
import SignalboxHTTP
import SignalboxKeys
import SignalboxProviders

/// One provider, model and key: everything about an attempt that no request changes.
final class ResolvedCandidate: Sendable {
    enum Transport: Sendable {
        case http(RequestTemplate)
        case script(@Sendable (ChatCall) -> ReplyScript)
        case custom(CustomTarget)

        /// Vendors' headers do not depend on the operation.
        func leads(to target: CallTarget) -> Bool {
            switch (self, target) {
            case (.http(let template), .http(let url, _)): template.url == url
            case (.script, .script), (.custom, .embedder): true
            case (.http, .script), (.http, .embedder), (.script, .http), (.script, .embedder),
                (.custom, .http), (.custom, .script):
                false
            }
        }
    }

    let provider: ResolvedProvider
    let model: String
    let keyAlias: String
    let metrics: AttemptMetrics
    let genAI: GenAIOperations
    let seat: Seat
    /// What its requests show of the key; nil where there is none.
    let traffic: KeyTraffic?
    /// For what the provider says of a failure.
    let redaction: KeyRedaction
    /// Whether it goes on with an answer that was begun elsewhere.
    let prefill: Prefill
    /// What authorizes its calls, where their headers do not.
    let tokens: TokenDesk?
    private let chat: Transport?
    private let chatStream: Transport?
    private let embeddings: Transport?

    init(
        provider: ResolvedProvider, model: String, keyAlias: String, metrics: AttemptMetrics,
        genAI: GenAIOperations, traffic: KeyTraffic?,
        redaction: KeyRedaction, transports: [CallOperation: Transport], tokens: TokenDesk?, seat: Seat,
        prefill: Prefill
    ) {
        self.seat = seat
        self.traffic = traffic
        self.redaction = redaction
        self.prefill = prefill
        self.tokens = tokens
        self.provider = provider
        self.model = model
        self.keyAlias = keyAlias
        self.metrics = metrics
        self.genAI = genAI
        chat = transports[.chat]
        chatStream = transports[.chatStream]
        embeddings = transports[.embeddings]
    }

    var templates: [RequestTemplate] {
        [chat, chatStream, embeddings].compactMap { transport in
            switch transport {
            case .http(let template): template
            case .script, .custom, nil: nil
            }
        }
    }

    /// Nil where the vendor has no such operation.
    func transport(for operation: CallOperation) -> Transport? {
        switch operation {
        case .chat: chat
        case .chatStream: chatStream
        case .embeddings: embeddings
        }
    }
}
