/// Guesses the tokens of a request before it is sent, where windows of tokens are reserved or prices
/// compared.
///
/// In one pass over the body's bytes, at most a nanosecond each; nothing is decoded. What it is off by, for
/// each language, stands in docs/routing.md.
public enum TokenEstimate {
    /// What an image, a sound or a file counts, whatever its size: about a picture of a megapixel.
    public static let mediaTokens = 800
    /// What vendors put around a conversation.
    private static let frameTokens = 3

    /// A prompt's tokens.
    public struct Prompt: Sendable, Equatable {
        public static let empty = Prompt(tokens: 0, tokensMin: 0)

        /// About so many.
        public var tokens: Int
        /// No vocabulary makes fewer of it: for refusing what fits no window, where a wrong refusal is worse
        /// than a vain attempt.
        ///
        /// A fourth of the text's: newer vocabularies make up to three times fewer tokens of the scripts that
        /// `cl100k_base` is worst at. Media count nothing: some vendors take 64 tokens for a picture.
        public var tokensMin: Int
    }

    /// Of the prompt in a request's body: ``prompt(inBody:)``.
    public static func promptTokens(inBody body: [UInt8]) -> Int {
        prompt(inBody: body).tokens
    }

    /// Of the prompt in a request's body, of any caller's dialect: the text of messages, instructions and
    /// tools. The body should be valid JSON; of what is not, it counts what looks like text. 0 for what has
    /// none.
    public static func prompt(inBody body: [UInt8]) -> Prompt {
        body.withUnsafeBufferPointer { bytes in
            TokenFactors.rows.withUnsafeBufferPointer { rows in
                TokenFactors.weights.withUnsafeBufferPointer { weights in
                    guard let base = bytes.baseAddress, let rows = rows.baseAddress,
                        let weights = weights.baseAddress
                    else { return .empty }
                    var walk = TokenWalk(base: base, end: bytes.count, rows: rows, weights: weights)
                    walk.run()
                    guard walk.thousandths > 0 || walk.media > 0 else { return .empty }
                    let text = (walk.thousandths + 500) / 1000
                    return Prompt(
                        tokens: text + walk.media * mediaTokens + frameTokens, tokensMin: text / 4)
                }
            }
        }
    }
}
