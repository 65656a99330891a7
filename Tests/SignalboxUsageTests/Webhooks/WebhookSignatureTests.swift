import SignalboxCore
import Testing

@testable import SignalboxUsage

@Suite struct WebhookSignatureTests {
    /// The known answer in the tests of svix-webhooks, whose key is shorter than the standard allows.
    private let secret: WebhookSecret
    private let id = "msg_loFOjxBNrRLzqYUf"
    private let body = #"{"event_type":"ping","data":{"success":true}}"#
    private let answer = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="

    init() throws {
        secret = WebhookSecret(bytes: try #require(Base64Text.decode("plJ3nmyCDGBKInavdOK15jsl")))
    }

    @Test func `the known answer comes out`() {
        let field = WebhookSignature.field(
            id: id, timestamp: 1_731_705_121, body: Array(body.utf8), secrets: [secret])
        #expect(field == answer)
    }

    @Test func `several secrets sign in their order, each with a signature of its own`() throws {
        let new = try WebhookSecret(Secret("whsec_" + Base64Text.encode([UInt8](repeating: 7, count: 32))))
        let field = WebhookSignature.field(
            id: id, timestamp: 1_731_705_121, body: Array(body.utf8), secrets: [new, secret])
        let signatures = field.split(separator: " ")
        #expect(signatures.count == 2)
        #expect(signatures.last.map(String.init) == answer)
        #expect(signatures.first.map(String.init) != answer)
    }

    @Test func `the time of the attempt is signed, too`() {
        let later = WebhookSignature.field(
            id: id, timestamp: 1_731_705_122, body: Array(body.utf8), secrets: [secret])
        #expect(later != answer)
    }

    @Test(arguments: [
        ("", WebhookSecretError.prefixMissing),
        ("plJ3nmyCDGBKInavdOK15jsl", .prefixMissing),
        ("whsk_plJ3nmyCDGBKInavdOK15jsl", .prefixMissing),
        ("whsec_", .length(0)),
        ("whsec_plJ3nmyCDGBKInavdOK15js", .notBase64),
        ("whsec_plJ3nmyCDGBKInavdOK15js!", .notBase64),
        ("whsec_plJ3nmyCDGBKInavdOK15jsl\n", .notBase64),
        ("whsec_plJ3nmyCDGBKInavdOK15jsl", .length(18)),
    ])
    func `what is no secret is refused, and not repeated`(text: String, error: WebhookSecretError) {
        #expect(throws: error) { try WebhookSecret(Secret(text)) }
        #expect(text.isEmpty || !error.description.contains("plJ3nmy"))
    }

    @Test(arguments: [24, 64]) func `a secret may have 24 to 64 bytes`(count: Int) throws {
        let bytes = [UInt8](repeating: 1, count: count)
        let secret = try WebhookSecret(Secret("whsec_" + Base64Text.encode(bytes)))
        #expect("\(secret)" == "•••")
        #expect(throws: WebhookSecretError.self) {
            let other = count == 64 ? bytes + [1] : Array(bytes.dropLast())
            return try WebhookSecret(Secret("whsec_" + Base64Text.encode(other)))
        }
    }
}
