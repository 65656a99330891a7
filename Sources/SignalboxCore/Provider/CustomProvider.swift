/// A provider that the embedding program calls itself, with a client of its own ("bring your own client").
///
/// Give it to the router under the name that a provider of kind `custom` has in the configuration. Its
/// methods run on Swift's global executor, never on a router's loop, so one that blocks holds up no other
/// request. The task is cancelled when the caller leaves or a time limit runs out; what it hands over
/// afterwards is dropped.
public protocol CustomProvider: Sendable {
    /// Answers in one piece.
    func answer(_ call: CustomCall) async throws -> ChatAnswer

    /// Answers piece by piece: hands over each as it comes, then says why the answer ended. Without an
    /// implementation ``answer(_:)`` is asked, and its answer handed over.
    func stream(_ call: CustomCall, to deltas: CustomDeltas) async throws -> CustomEnding

    /// Whether `model` goes on behind a last message of the assistant's, without repeating it: then it may be
    /// asked to end an answer that broke off elsewhere. Without an implementation it is not.
    func acceptsPrefill(model: String) -> Bool

    /// What a thrown error means for routing. Without an implementation an ``UpstreamFailure`` is itself, and
    /// everything else counts as `overloaded`, under the name of its type: its text may hold a prompt or a
    /// key.
    func failure(for error: any Error) -> UpstreamFailure
}

extension CustomProvider {
    public func stream(_ call: CustomCall, to deltas: CustomDeltas) async throws -> CustomEnding {
        let answer = try await answer(call)
        for (index, choice) in answer.choices.enumerated() {
            if let text = choice.reasoning { try await deltas.reasoning(text, choice: index) }
            if let text = choice.text { try await deltas.text(text, choice: index) }
            if let text = choice.refusal { try await deltas.refusal(text, choice: index) }
            for (number, tool) in choice.toolCalls.enumerated() {
                try await deltas.toolCall(
                    index: number, id: tool.id, name: tool.name, arguments: tool.arguments, choice: index)
            }
        }
        return CustomEnding(answer.choices.map(\.finish), usage: answer.usage)
    }

    public func acceptsPrefill(model: String) -> Bool { false }

    public func failure(for error: any Error) -> UpstreamFailure {
        if let failure = error as? UpstreamFailure { return failure }
        return UpstreamFailure(.overloaded, message: "the custom provider threw \(type(of: error))")
    }
}

/// One request to a ``CustomProvider``.
public struct CustomCall: Sendable {
    /// The model that the candidate names.
    public let model: String
    /// The request taken apart.
    public let conversation: Conversation
    /// The request in OpenAI's dialect, `model` already replaced: for clients that speak it.
    public let body: [UInt8]
    /// The candidate's key; nil where the configuration lists none.
    public let key: Secret?
    public let isStreaming: Bool
    public let requestID: String
    /// When the attempt began.
    public let startedAt: WallTime

    public init(
        model: String, conversation: Conversation, body: [UInt8], key: Secret? = nil,
        isStreaming: Bool = false, requestID: String, startedAt: WallTime
    ) {
        self.model = model
        self.conversation = conversation
        self.body = body
        self.key = key
        self.isStreaming = isStreaming
        self.requestID = requestID
        self.startedAt = startedAt
    }

    /// Seconds since 1970: the `created` of an answer.
    public var created: Int { Int(startedAt.nanosecondsSince1970 / 1_000_000_000) }

    /// An answer of one choice, named and dated as this call.
    public func answer(
        _ text: String, finish: FinishReason = .stop, usage: TokenUsage? = nil
    ) -> ChatAnswer {
        ChatAnswer(
            id: "chatcmpl-\(requestID)", model: model, created: created,
            choices: [ChatAnswer.Choice(text: text, finish: finish)], usage: usage)
    }
}

/// Why a streamed answer ended.
public struct CustomEnding: Sendable, Hashable {
    /// By choice; at least one.
    public var finish: [FinishReason]
    public var usage: TokenUsage?

    public init(_ finish: [FinishReason] = [.stop], usage: TokenUsage? = nil) {
        self.finish = finish
        self.usage = usage
    }
}
