import Signalbox
import SignalboxCore
import Testing

@Suite struct KeyValidationTests {
    private func found(_ report: KeyReport, isConfirmed: Bool = true, requests: Int = 2) -> KeyValidation {
        KeyValidation(
            provider: "p", report: report, isConfirmed: isConfirmed, elapsed: .microseconds(12_100),
            requests: requests)
    }

    @Test(arguments: KeyState.allCases) func `a verdict follows from the state and from its confirmation`(
        state: KeyState
    ) {
        let report = KeyReport(state, message: "m")
        let expected: KeyValidation.Verdict =
            switch state.weight {
            case .good: .good
            case .bad: .bad
            case .nothing: .unclear
            }
        #expect(found(report).verdict == expected)
        let isBad = state.weight == .bad
        #expect(found(report, isConfirmed: false).verdict == (isBad ? .unclear : expected))
    }

    @Test func `what the older API's scripts read is there under its names`() {
        var report = KeyReport(.valid, message: "good", status: 200, proof: KeyProof(exists: true))
        report.details.scopes = ["GIGACHAT_API_B2B"]
        report.details.attempts = 2
        let json = found(report, requests: 4).json
        #expect(json["code"]?.string == "SUCCESS")
        #expect(json["detected_scope"]?.string == "GIGACHAT_API_B2B")
        #expect(json["attempts_count"]?.integer == 2)
        #expect(json["total_time_ms"]?.integer == 13)
        let limited = KeyReport(.rateLimited, message: "wait", retryAfter: .milliseconds(1_500))
        #expect(found(limited).json["code"]?.string == "RATE_LIMIT_EXCEEDED")
        #expect(found(limited).json["retry_after"]?.double == 1.5)
        let whole = KeyReport(.rateLimited, message: "wait", retryAfter: .seconds(7))
        #expect(found(whole).json["retry_after"]?.integer == 7)
    }

    @Test func `what is not known is not there`() {
        let json = found(KeyReport(.unknown, message: "m"), isConfirmed: false, requests: 0).json
        let names = (json.members ?? []).map(\.name)
        #expect(
            names == [
                "provider", "state", "code", "message", "attempts_count", "requests", "total_time_ms",
            ])
    }

    @Test func `everything that was told is there`() {
        var report = KeyReport(
            .spendLimit, message: "m", status: 402, providerCode: "c", requestID: "r",
            proof: KeyProof(exists: true, mayGenerate: false))
        report.details.models = ["a"]
        report.details.missingModels = ["b"]
        report.details.missingScopes = ["s"]
        report.details.balances = [KeyBalance(amount: "1.50", unit: "USD", purpose: "x")].compactMap(\.self)
        report.details.limitRemaining = KeyBalance(amount: "0", unit: "USD")
        report.details.expiresAt = InternetDate.parse("2027-12-31T23:59:59Z")
        report.details.organisation = "o"
        report.details.region = "eu-west-1"
        var found = found(report)
        found.models = [ModelStanding(model: "a", access: .notTold, message: "why")]
        #expect(
            found.json.text == """
                {"provider":"p","valid":false,"state":"spend_limit","code":"PERMISSION_DENIED","message":"m",\
                "key_exists":true,"may_generate":false,"status":402,"provider_code":"c","request_id":"r",\
                "missing_scopes":["s"],"models":["a"],"missing_models":["b"],\
                "balances":[{"amount":"1.50","unit":"USD","purpose":"x"}],\
                "limit_remaining":{"amount":"0","unit":"USD"},"expires_at":"2027-12-31T23:59:59.000000Z",\
                "organisation":"o","region":"eu-west-1","confirmed":true,"attempts_count":1,"requests":2,\
                "total_time_ms":13,"model_access":[{"model":"a","access":"not_told","message":"why"}]}
                """)
    }
}
