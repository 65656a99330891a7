import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct GigaChatProbeTests {
    private func run(_ fake: GigaChatFake, scope: GigaChatScope = .auto) throws -> ProbeRun {
        let probe = try ProbeRun.probe(
            .gigachat, base: ProbeRun.origin + fake.basePath, secret: Secret("good-key"), scope: scope)
        return try ProbeRun(probe) { ProbeRun.ask(fake, $0) }
    }

    @Test(arguments: [("PERS", 1), ("B2B", 2), ("CORP", 3)])
    func `the scope is looked for from persons to companies, and each try is told`(
        scope: String, count: Int
    ) throws {
        let run = try run(GigaChatFake(scope: "GIGACHAT_API_" + scope))
        let tried = ["PERS", "B2B", "CORP"].prefix(count).enumerated().map {
            KeyProbeProgress(scope: "GIGACHAT_API_" + $0.element, current: $0.offset + 1, total: 3)
        }
        #expect(run.requests.compactMap(\.progress) == tried)
        #expect(run.report.state == .valid)
        #expect(run.report.details.scopes == ["GIGACHAT_API_" + scope])
        #expect(run.report.details.attempts == count)
        #expect(run.report.details.models.contains("ok"))
        let balance = KeyBalance(amount: "50000", unit: "tokens", purpose: "GigaChat")
        #expect(run.report.details.balances == [balance].compactMap(\.self))
    }

    @Test func `a scope that is configured is the only one tried`() throws {
        let fake = GigaChatFake(scope: "GIGACHAT_API_CORP")
        let run = try run(fake, scope: .personal)
        #expect(run.requests.count == 1)
        #expect(run.report.state == .missingScope)
        #expect(run.report.code == .scopeMismatch)
        #expect(run.report.details.missingScopes == ["GIGACHAT_API_PERS"])
        #expect(try self.run(fake, scope: .corporate).report.state == .valid)
    }

    static let stops: [(KeyProbeOutcome, KeyState, KeyCode)] = [
        (ProbeRun.reply(401, #"{"code":6,"message":"no"}"#), .invalid, .invalidKey),
        (ProbeRun.reply(429, ""), .rateLimited, .rateLimitExceeded),
        (ProbeRun.reply(500, ""), .providerDown, .providerError),
        (.failure(.init(.timeout(.total), message: "timed out")), .providerDown, .networkTimeout),
    ]

    @Test(arguments: [0, 1, 2], stops.indices)
    func `whatever is no mismatch ends the search at once`(mismatches: Int, stop: Int) throws {
        let (outcome, state, code) = Self.stops[stop]
        var asked = 0
        let run = try ProbeRun(try ProbeRun.probe(.gigachat, secret: Secret("some-key"))) { _ in
            asked += 1
            return asked <= mismatches ? ProbeRun.reply(400, #"{"code":7,"message":"scope"}"#) : outcome
        }
        #expect(run.requests.count == mismatches + 1)
        #expect(run.report.state == state)
        #expect(run.report.code == code)
        #expect(run.report.details.attempts == mismatches + 1)
    }

    @Test(arguments: [(401, KeyState.valid), (403, .missingScope), (402, .noCredit), (503, .valid)])
    func `what the models' list refuses is not held against a key that got a token`(
        status: Int, state: KeyState
    ) throws {
        let token = #"{"access_token":"token-of-theirs","expires_at":1750001800000}"#
        let run = try ProbeRun(try ProbeRun.probe(.gigachat, secret: Secret("some-key"))) { request in
            if request.method == .post { return ProbeRun.reply(200, token) }
            return request.url.hasSuffix("/models")
                ? ProbeRun.reply(status, #"{"status":\#(status),"message":"no, token-of-theirs"}"#)
                : ProbeRun.reply(403, #"{"status":403,"message":"postpaid"}"#)
        }
        #expect(run.report.state == state)
        #expect(run.report.proof.exists == true)
        #expect(!"\(run.report)".contains("token-of-theirs"))
    }
}
