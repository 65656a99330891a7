import SignalboxCore
import Testing

@testable import SignalboxProviders

@Suite struct KeyRedactionTests {
    private let redaction = KeyRedaction([Secret("open sesame 7"), Secret("x-extra-value")])

    @Test func `a failure repeats no secret, whatever it looks like`() {
        let failure = UpstreamFailure(
            .keyRejected, message: "Wrong: Open Sesame 7 (beside x-extra-value)", status: 401,
            code: "no_open sesame 7", parameter: "x-extra-value",
            errorObject: Array(#"{"error":{"message":"open sesame 7"}}"#.utf8))
        let clean = redaction.clean(failure)
        #expect(clean.message == "Wrong: ••• (beside •••)")
        #expect(clean.code == "no_•••" && clean.parameter == "•••")
        #expect(clean.errorObject == nil)
        #expect(clean.kind == .keyRejected && clean.status == 401)
    }

    @Test func `a failure without one stays as it is`() {
        let failure = UpstreamFailure(
            .invalidRequest, message: "too long: sesame", status: 400, code: "too_long",
            errorObject: Array(#"{"error":{"message":"too long"}}"#.utf8))
        #expect(redaction.clean(failure) == failure)
    }
}
