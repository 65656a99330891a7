public import SignalboxCore
public import SignalboxProviders

/// The `mock` kind as a vendor of its own: it speaks OpenAI's dialect and says what its settings say.
public struct MockFake: FakeVendor {
    /// Its wait is the one that fake vendors ask for.
    public static let settings = MockSettings(retryAfter: FakeFailure.retryAfter)

    private let adapter = MockAdapter(settings: MockFake.settings)

    public init() {}

    /// It looks at no key.
    public var keys: [FakeKey] { [] }
    public var models: [FakeModel] {
        [.ok, .fail429, .failOverloaded, .failInvalid, .streamCut, .streamStall]
    }

    public func name(of model: FakeModel) -> String {
        let mode: MockMode =
            switch model {
            case .fail429: .rateLimit
            case .failOverloaded: .unhealthy
            case .failInvalid: .invalidRequest
            case .streamCut: .cut
            case .streamStall: .stall
            case .ok, .tools, .reasoning, .cached, .length, .filtered, .slow, .fail500, .failContext,
                .failFilter, .failModel, .htmlError, .streamError, .streamNoTerminator, .streamShort:
                .normal
            }
        return mode.rawValue
    }

    public func answer(to turn: FakeTurn, as model: FakeModel) -> FakeAnswer {
        var answer = FakeAnswer(text: MockFake.settings.text)
        answer.usage = TokenUsage(
            promptTokens: MockFake.settings.promptTokens,
            completionTokens: MockFake.settings.completionTokens)
        return answer
    }

    public func reply(to request: FakeRequest) -> ReplyScript {
        let call: ChatCall
        do throws(JSONSyntaxError) {
            call = try ChatCall(text: String(decoding: request.body, as: UTF8.self))
        } catch {
            return OpenAIFake.refusal(.invalid)
        }
        guard request.path == basePath + "/chat/completions",
            case .script(let script)? = adapter.target(call.operation, model: call.model, key: nil)
        else { return .text(404, "The mock has only /chat/completions.", type: "text/plain") }
        return script(call)
    }
}
