internal import Crypto
import SignalboxCore

/// What is remembered of one key from one run to the next.
struct KeyRecollection: Sendable {
    let name: KeyName
    let kind: String
    let secret: Secret?
    let judgement: KeyJudgement
    let lastCheck: WallTime?
    let lastGoodCheck: WallTime?
    /// The next check.
    let due: WallTime
}

/// What an earlier run knew of its keys. They are known again by a fingerprint, from which nobody learns the
/// key: an HMAC-SHA256 under a salt that stands beside it, cut to 16 bytes.
struct KeyMemory: Sendable {
    let salt: [UInt8]
    /// By name; with a fingerprint in the place of the key.
    private var known: [KeyName: Entry]

    struct Entry: Sendable {
        let fingerprint: String
        let recollection: KeyRecollection
    }

    static let saltBytes = 32
    static let fingerprintBytes = 16

    init(salt: [UInt8], _ entries: [Entry]) {
        self.salt = salt
        known = Dictionary(entries.map { ($0.recollection.name, $0) }) { _, last in last }
    }

    /// Knows nothing.
    init() {
        var random = SystemRandomNumberGenerator()
        self.init(salt: (0..<KeyMemory.saltBytes).map { _ in random.next() }, [])
    }

    /// What is known of a key, once: from then on the watch knows better.
    mutating func take(_ key: WatchedKey) -> KeyRecollection? {
        guard let entry = known.removeValue(forKey: key.name), entry.recollection.kind == key.kind,
            entry.fingerprint == KeyMemory.fingerprint(of: key.secret, salt: salt)
        else { return nil }
        return entry.recollection
    }

    static func fingerprint(of secret: Secret?, salt: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array((secret?.reveal() ?? "").utf8), using: SymmetricKey(data: salt))
        return hexadecimal(Array(code.prefix(fingerprintBytes)))
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0x0F)]] }, as: UTF8.self)
    }

    /// Nil for what is no even number of digits.
    static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
