import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

/// The examples of docs/keys.md and docs/embedding.md.
@Suite(.timeLimit(.minutes(2))) struct ValidatorsExampleTests {
    @Test func `the documented code finds the scope of a GigaChat key`() async throws {
        let vendor = try ScriptedVendor { request, number in
            if request.firstLine.contains("/oauth") {
                return number == 0
                    ? (400, #"{"code":7,"message":"scope"}"#)
                    : (200, #"{"access_token":"t","expires_at":4102444800000}"#)
            }
            return request.firstLine.contains("/models")
                ? (200, #"{"data":[{"id":"GigaChat-2"},{"id":"GigaChat-2-Pro"}]}"#)
                : (200, #"{"balance":[{"usage":"GigaChat","value":50000}]}"#)
        }
        defer { vendor.stop() }
        let (tried, trying) = AsyncStream.makeStream(of: String.self)
        let said = try await onboard(
            "the-key", at: vendor.origin + "/api/v1", tokensAt: vendor.origin + "/oauth"
        ) { trying.yield("\($0.scope) \($0.current)/\($0.total)") }
        trying.finish()
        #expect(said == "good for GIGACHAT_API_B2B")
        var steps: [String] = []
        for await step in tried { steps.append(step) }
        #expect(steps == ["GIGACHAT_API_PERS 1/3", "GIGACHAT_API_B2B 2/3"])
    }

    private func onboard(
        _ key: String, at baseURL: String, tokensAt tokenURL: String,
        _ showProgress: @escaping @Sendable (KeyProbeProgress) -> Void
    ) async throws -> String {
        let validators = try Validators()
        let found = try await validators.validate(
            .gigachat, key: Secret(key), baseURL: baseURL, tokenURL: tokenURL, models: ["GigaChat-2"],
            progress: showProgress)
        await validators.shutdown()
        switch found.verdict {
        case .good: return "good for \(found.report.details.scopes.joined(separator: ", "))"
        case .bad: return "refused: \(found.report.message)"
        case .unclear: return "nobody knows: \(found.report.message)"
        }
    }
}
