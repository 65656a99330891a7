public import SignalboxCore
import Synchronization

/// What every ``CustomProvider`` must do, for embedders to run against their own: it asks for a short answer,
/// whole and streamed.
///
/// ```swift
/// #expect(await CustomProviderConformance(OurProvider(), model: "ours").violations() == [])
/// ```
public struct CustomProviderConformance: Sendable {
    private let provider: any CustomProvider
    private let model: String
    private let key: Secret?

    /// - Parameters:
    ///   - model: one that answers every question with text.
    ///   - key: what the configuration would list.
    public init(_ provider: any CustomProvider, model: String, key: Secret? = nil) {
        self.provider = provider
        self.model = model
        self.key = key
    }

    /// What does not hold; empty where all is well.
    public func violations() async -> [String] {
        await whole() + streamed() + refusedDeltas()
    }

    private func call(isStreaming: Bool) throws -> CustomCall {
        let text =
            #"{"model":"m","stream":\#(isStreaming),"messages":[{"role":"user","content":"Say hello."}]}"#
        let call = try ChatCall(text: text)
        return CustomCall(
            model: model, conversation: try Conversation(reading: call), body: call.body, key: key,
            isStreaming: isStreaming, requestID: "conformance", startedAt: ProviderConformance.now)
    }

    private func whole() async -> [String] {
        do {
            let answer = try await provider.answer(try call(isStreaming: false))
            var found = Self.wrong(answer.usage, in: "the answer")
            if answer.choices.isEmpty { found.append("the answer has no choices") }
            let isSilent = answer.choices.allSatisfy { ($0.text ?? "").isEmpty && $0.toolCalls.isEmpty }
            if isSilent { found.append("the answer says nothing") }
            return found
        } catch {
            return ["answer(_:) throws: \(provider.failure(for: error).message)"]
        }
    }

    private func streamed() async -> [String] {
        let seen = Mutex<[CustomDelta]>([])
        let deltas = CustomDeltas { delta, _ in seen.withLock { $0.append(delta) } }
        do {
            let ending = try await provider.stream(try call(isStreaming: true), to: deltas)
            var found = Self.wrong(ending.usage, in: "the stream")
            if ending.finish.isEmpty { found.append("the stream ends without a reason") }
            if seen.withLock(\.isEmpty) { found.append("the stream says nothing") }
            return found
        } catch {
            return ["stream(_:to:) throws: \(provider.failure(for: error).message)"]
        }
    }

    /// When the caller has left, a delta throws: the stream must end, by an error.
    private func refusedDeltas() async -> [String] {
        let deltas = CustomDeltas { _, _ throws(CancellationError) in throw CancellationError() }
        do {
            _ = try await provider.stream(try call(isStreaming: true), to: deltas)
            return ["a stream whose delta was refused goes on as if nothing had happened"]
        } catch {
            return []
        }
    }

    private static func wrong(_ usage: TokenUsage?, in place: String) -> [String] {
        guard let usage else { return [] }
        var found: [String] = []
        if min(usage.promptTokens, usage.completionTokens) < 0 { found.append("\(place) counts below 0") }
        if usage.cachedTokens > usage.promptTokens || usage.cacheWriteTokens > usage.promptTokens {
            found.append("\(place) has more cached tokens than prompt tokens")
        }
        if usage.reasoningTokens > usage.completionTokens {
            found.append("\(place) has more reasoning tokens than completion tokens")
        }
        return found
    }
}
