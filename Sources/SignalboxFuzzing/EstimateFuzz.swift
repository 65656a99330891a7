import SignalboxCore
import SignalboxRouting

/// A body's tokens, estimated before anybody has judged the body.
enum EstimateFuzz {
    static let targets = [
        FuzzTarget("tokens", words: words, sample: sample, brokenPromise: estimated)
    ]

    private static let words = [
        "\"messages\":", "\"content\":", "\"system\":", "\"input\":", "\"data\":", "\"url\":", "data:",
        "http",
        "\\u0416", "\\ud83d\\ude00", "\\\"", "\\\\",
    ]

    private static func sample(_ mutation: inout FuzzMutation) -> [UInt8] {
        Array(mutation.pick(FuzzRequests.all + FuzzRequests.messages).utf8)
    }

    private static func estimated(_ bytes: [UInt8]) -> String? {
        let prompt = TokenEstimate.prompt(inBody: bytes)
        // A picture's address has five bytes with its quotes at least.
        let most = 3 + bytes.count * 5 + bytes.count / 5 * TokenEstimate.mediaTokens
        guard 0...most ~= prompt.tokens, 0...prompt.tokens ~= prompt.tokensMin else {
            return "an estimate is bounded by the bytes: \(prompt)"
        }
        // Whatever follows the body's last byte is not read.
        let padded = TokenEstimate.prompt(inBody: bytes + [0x20, 0x20])
        let isCut = JSONFuzz.fields(bytes) == nil
        return isCut || padded == prompt ? nil : "space after a body adds nothing: \(padded), \(prompt)"
    }
}
