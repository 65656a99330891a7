import SignalboxCore
import Synchronization

/// A custom provider that does as its model says, and tells what became of it.
final class TestProvider: CustomProvider {
    struct Rejected: Error {}

    let calls = Mutex<[CustomCall]>([])
    /// How many pieces of a flood were taken.
    let pieces = Mutex<Int>(0)
    /// Handed over before a call waits for ever.
    let waits = Signal<Bool>()
    /// What a waiting call has met in the end.
    let leaves = Signal<Bool>()

    func answer(_ call: CustomCall) async throws -> ChatAnswer {
        calls.withLock { $0.append(call) }
        switch call.model {
        case "limited":
            throw UpstreamFailure(.rateLimited, message: "too many", status: 429, retryAfter: .seconds(3))
        case "unmapped": throw Rejected()
        case "mapped": throw CancellationError()
        case "refusing": throw UpstreamFailure.refused("seed", "no seeds here")
        case "cancelled": throw UpstreamFailure(.cancelled, message: "the client gave up")
        case "empty": return ChatAnswer(id: "", model: "", created: 0, choices: [])
        case "waiting":
            await wait()
            throw CancellationError()
        default:
            return call.answer(
                "you said \(call.conversation.messages.last?.text ?? "")",
                usage: TokenUsage(promptTokens: 3, completionTokens: 5, reasoningTokens: 2))
        }
    }

    /// Until its task is cancelled.
    private func wait() async {
        waits.put(true)
        let (nothing, end) = AsyncStream<Void>.makeStream()
        for await _ in nothing {}
        leaves.put(Task.isCancelled)
        end.finish()
    }

    func stream(_ call: CustomCall, to deltas: CustomDeltas) async throws -> CustomEnding {
        calls.withLock { $0.append(call) }
        switch call.model {
        case "breaking":
            try await deltas.text("a part")
            throw UpstreamFailure(.overloaded, message: "the vendor broke off")
        case "breaking late":
            for _ in 0..<16 { try await deltas.text(String(repeating: "x", count: 256)) }
            throw UpstreamFailure(.overloaded, message: "the vendor broke off")
        case "stalling":
            try await deltas.text("a part")
            await wait()
            throw CancellationError()
        case "waiting", "limited":
            _ = try await answer(call)
            return CustomEnding()
        case "flood":
            let piece = String(repeating: "x", count: 1 << 14)
            for _ in 0..<64 {
                try await deltas.text(piece)
                pieces.withLock { $0 += 1 }
            }
            return CustomEnding()
        default:
            try await deltas.reasoning("hm")
            try await deltas.text("you said ")
            try await deltas.text(call.conversation.messages.last?.text ?? "")
            try await deltas.toolCall(index: 0, id: "t1", name: "look", arguments: "{\"a\":1}")
            return CustomEnding([.toolCalls], usage: TokenUsage(promptTokens: 3, completionTokens: 5))
        }
    }
}

/// Values for a test that waits without holding a thread: the providers under test need the pool's.
final class Signal<Value: Sendable>: Sendable {
    private let (values, source) = AsyncStream<Value>.makeStream()

    func put(_ value: Value) {
        source.yield(value)
    }

    func take() async -> Value? {
        for await value in values { return value }
        return nil
    }
}
