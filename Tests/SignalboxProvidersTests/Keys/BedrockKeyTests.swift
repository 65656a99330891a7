import SignalboxCore
import SignalboxProviders
import Testing

@Suite struct BedrockKeyTests {
    static let signed = "20250615T120000Z"
    private static let start = time("2025-06-15T12:00:00Z")
    private static let credential = "ASIAFAKEACCESSKEY000%2F20250615%2Feu-west-1%2Fbedrock%2Faws4_request"

    private static func time(_ text: String) -> WallTime {
        InternetDate.parse(text) ?? WallTime(nanosecondsSince1970: 0)
    }

    /// As AWS's generator of such tokens writes them.
    static func key(
        credential: String = credential, date: String? = signed, expires: String? = "43200",
        more: String = "&Version=1"
    ) -> Secret {
        let fields =
            [
                "Action=CallWithBearerToken", "X-Amz-Algorithm=AWS4-HMAC-SHA256",
                "X-Amz-Credential=\(credential)", date.map { "X-Amz-Date=\($0)" },
                expires.map { "X-Amz-Expires=\($0)" }, "X-Amz-Security-Token=IQoJfaketoken%2F%2Bx%3D%3D",
                "X-Amz-SignedHeaders=host", "X-Amz-Signature=0badc0de0badc0de",
            ].compactMap(\.self).joined(separator: "&")
        return secret("bedrock.amazonaws.com/?" + fields + more)
    }

    private static func secret(_ address: String) -> Secret {
        Secret("bedrock-api-key-" + Base64Text.encode(Array(address.utf8)))
    }

    @Test func `a short-term key says its region and when it ends`() throws {
        let key = try BedrockKey(decoding: Self.key())
        #expect(key.region == "eu-west-1")
        #expect(key.signedAt == Self.start)
        #expect(key.expiresAt == Self.time("2025-06-16T00:00:00Z"))
    }

    @Test(arguments: [
        ("2025-06-15T12:00:00Z", KeyState.unknown), ("2025-06-15T23:59:59.999Z", .unknown),
        ("2025-06-16T00:00:00Z", .expired), ("2027-01-01T00:00:00Z", .expired),
    ]) func `it is expired from the moment that it names, and before that nothing is known of it`(
        now: String, state: KeyState
    ) {
        let report = BedrockKey.report(of: Self.key(), at: Self.time(now))
        #expect(report.state == state)
        #expect(report.code == (state == .expired ? .invalidKey : .validationError))
        #expect(report.proof == KeyProof(mayGenerate: state == .expired ? false : nil))
        #expect(report.details.region == "eu-west-1")
        #expect(report.details.expiresAt == Self.time("2025-06-16T00:00:00Z"))
        #expect(report.message.contains("eu-west-1") && report.message.contains("2025-06-16T00:00:00Z"))
    }

    @Test func `nothing of who signed it, and of the signature, is reported`() {
        for now in [Self.start, Self.time("2026-01-01T00:00:00Z")] {
            let shown = "\(BedrockKey.report(of: Self.key(), at: now))"
            for secret in ["ASIA", "FAKEACCESSKEY", "faketoken", "0badc0de", "bedrock-api-key-"] {
                #expect(!shown.contains(secret), "\(shown)")
            }
        }
    }

    @Test(arguments: [nil, "", "0", "-1", "604801", "99999999999999999999", "12h"])
    func `a key that does not say how long it holds is not expired`(expires: String?) throws {
        let report = BedrockKey.report(of: Self.key(expires: expires), at: Self.time("2030-01-01T00:00:00Z"))
        #expect(report.state == .unknown)
        #expect(report.details.region == "eu-west-1")
        #expect(report.details.expiresAt == nil)
        #expect(report.message.contains("does not say until when"))
    }

    static let damaged: [Secret] = [
        Secret("bedrock-api-key-"), Secret("bedrock-api-key-%%%"), Secret("bedrock-api-key-YQ=="),
        secret("bedrock.amazonaws.com/?"), secret("bedrock.amazonaws.com"), secret("?X-Amz-Credential=%2"),
        key(credential: "ASIA%2F20250615%2Feu-west-1%2Fs3%2Faws4_request"),
        key(credential: "ASIA%2F20250615%2F%2Fbedrock%2Faws4_request"),
        key(credential: "ASIA%2F20250615%2Feu%0Awest%2Fbedrock%2Faws4_request"),
        key(credential: "eu-west-1"), key(date: nil), key(date: "2025-06-15T120000Z"),
        key(date: "20251315T120000Z"), key(date: "20250615T120000+"),
        key(more: "&X-Amz-Expires=1"), key(more: "&x-amz-date=20990101T000000Z"), key(more: "&a=%zz"),
        key(more: String(repeating: "x", count: 40_000)),
        Secret("bedrock-api-key-" + Base64Text.encode([0xFF, 0xFE, 0x3F])),
    ]

    @Test(arguments: damaged.indices) func `what cannot be read on is damaged, and no verdict`(index: Int) {
        #expect(throws: BedrockKey.Mistake.damaged) { try BedrockKey(decoding: Self.damaged[index]) }
        let report = BedrockKey.report(of: Self.damaged[index], at: Self.start)
        #expect(report.state == .unknown)
        #expect(report.code == .validationError)
        #expect(report.message.contains("cannot be read on"))
        #expect(report.details == KeyDetails())
    }

    @Test func `a key without its padding is read`() throws {
        let whole = Self.key(more: "&Version=11").reveal()
        let bare = String(whole.prefix { $0 != "=" })
        #expect(try BedrockKey(decoding: Secret(bare)) == BedrockKey(decoding: Secret(whole)))
    }

    @Test(arguments: [
        ("ABSKQmVkcm9ja0FQSUtleS1mYWtl", BedrockKey.Mistake.longTerm, "long-term"),
        ("sk-something-else", .notBedrock, "none of Bedrock's"),
        ("Bedrock-Api-Key-YQ==", .notBedrock, "none of Bedrock's"),
    ]) func `another key says nothing of itself, and the report says why`(
        key: String, mistake: BedrockKey.Mistake, words: String
    ) {
        #expect(throws: mistake) { try BedrockKey(decoding: Secret(key)) }
        let report = BedrockKey.report(of: Secret(key), at: Self.start)
        #expect(report.state == .unknown)
        #expect(report.message.contains(words))
        #expect(!report.message.contains(key))
    }

    @Test(arguments: ["", " ", "bedrock-api-key-\n"]) func `a key that no header can carry is our mistake`(
        key: String
    ) {
        #expect(BedrockKey.report(of: Secret(key), at: Self.start).code == .validationError)
    }
}
