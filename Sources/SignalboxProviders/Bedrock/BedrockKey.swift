public import SignalboxCore

/// What an API key of Amazon Bedrock says of itself, read without asking anybody.
///
/// A short-term key is `bedrock-api-key-` and the Base64 of an address that was signed beforehand
/// (aws-bedrock-token-generator): its credential scope names the region, its query the time of signing and
/// how long it holds. The session that signed it may end before that. A long-term key (`ABSK…`) says nothing.
public struct BedrockKey: Sendable, Hashable {
    /// Such as `us-east-1`; calls to another region are refused.
    public let region: String
    public let signedAt: WallTime
    /// The latest moment at which it can be good; nil where the key does not say.
    public let expiresAt: WallTime?

    /// Why nothing can be read.
    public enum Mistake: Error, Sendable, Hashable {
        /// Its account and its end are known to AWS alone.
        case longTerm
        case notBedrock
        /// It begins as one does, and goes on otherwise.
        case damaged
    }

    private static let prefix = "bedrock-api-key-"
    private static let longTermPrefix = "ABSK"
    /// Session tokens are long, and have no stated limit.
    private static let bytesMax = 32 * 1_024
    /// The longest that AWS lets anything be signed for: a week. Of these keys: twelve hours.
    private static let secondsMax = 7 * 86_400

    public init(decoding key: Secret) throws(Mistake) {
        let text = key.reveal()
        guard text.hasPrefix(Self.prefix) else {
            throw text.hasPrefix(Self.longTermPrefix) ? .longTerm : .notBedrock
        }
        guard text.utf8.count <= Self.bytesMax,
            let address = Self.address(in: text.dropFirst(Self.prefix.count)),
            let query = Self.query(of: address), let region = Self.region(query["x-amz-credential"] ?? ""),
            let signedAt = Self.time(query["x-amz-date"] ?? "")
        else { throw .damaged }
        self.region = region
        self.signedAt = signedAt
        let seconds = query["x-amz-expires"].flatMap { Int($0) }.flatMap {
            1...Self.secondsMax ~= $0 ? $0 : nil
        }
        expiresAt = seconds.map {
            WallTime(nanosecondsSince1970: signedAt.nanosecondsSince1970 + Int64($0) * 1_000_000_000)
        }
    }

    // MARK: Parts

    private static func address(in text: Substring) -> String? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let bytes = Base64Text.decode(text + padding) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// By lower-case name; nil for what has no query, or says a thing twice.
    private static func query(of address: String) -> [String: String]? {
        guard let mark = address.firstIndex(of: "?") else { return nil }
        var query: [String: String] = [:]
        for field in address[address.index(after: mark)...].split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let value = unescaped(parts.count == 2 ? parts[1] : "") else { return nil }
            guard query.updateValue(value, forKey: parts[0].lowercased()) == nil else { return nil }
        }
        return query
    }

    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// From `KEYID/20260131/us-east-1/bedrock/aws4_request`; who signed is nobody's business.
    private static func region(_ credential: String) -> String? {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[3] == "bedrock", parts[4] == "aws4_request" else { return nil }
        let region = parts[2]
        let isName = region.utf8.allSatisfy { 0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x2D }
        return isName && 1...32 ~= region.utf8.count ? String(region) : nil
    }

    /// From `20260131T235959Z`.
    private static func time(_ text: String) -> WallTime? {
        let digits = Array(text)
        guard digits.count == 16 else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return InternetDate.parse(
            part(0..<4) + "-" + part(4..<6) + "-" + part(6..<8) + String(digits[8]) + part(9..<11) + ":"
                + part(11..<13) + ":" + part(13..<15) + String(digits[15]))
    }
}

extension BedrockKey {
    /// What is known of a key without asking: at most that it has expired.
    public static func report(of key: Secret, at now: WallTime) -> KeyReport {
        if let mistake = KeyProbing.mistake(in: key, isNeeded: true) { return mistake }
        do throws(Mistake) {
            return try BedrockKey(decoding: key).report(at: now)
        } catch {
            return KeyReport(.unknown, code: .validationError, message: error.sentence)
        }
    }

    private func report(at now: WallTime) -> KeyReport {
        var details = KeyDetails()
        details.region = region
        details.expiresAt = expiresAt
        guard let expiresAt else {
            return KeyReport(
                .unknown, code: .validationError,
                message: "the key is for the region \(region) and does not say until when; AWS was not asked",
                details: details)
        }
        let end = InternetDate.print(expiresAt).prefix(19) + "Z"
        guard now < expiresAt else {
            return KeyReport(
                .expired, message: "the key was for the region \(region) and ended at \(end)",
                proof: KeyProof(mayGenerate: false), details: details)
        }
        return KeyReport(
            .unknown, code: .validationError,
            message:
                "the key is for the region \(region) and ends at \(end) at the latest; AWS was not asked",
            details: details)
    }
}

extension BedrockKey.Mistake {
    var sentence: String {
        switch self {
        case .longTerm: "a long-term key says nothing of itself, and AWS was not asked"
        case .notBedrock: "the key is none of Bedrock's: those begin with bedrock-api-key- or ABSK"
        case .damaged:
            "the key begins as Bedrock's do and cannot be read on: a part of it is missing, perhaps"
        }
    }
}
