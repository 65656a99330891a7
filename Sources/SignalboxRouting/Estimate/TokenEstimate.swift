/// Guesses the tokens of a request before it is sent, where windows of tokens are reserved or prices compared.
///
/// In one pass over the body's bytes, at most a nanosecond each; nothing is decoded. What it is off by, for
/// each language, stands in docs/routing.md.
public enum TokenEstimate {
    /// What an image, a sound or a file counts, whatever its size: about a picture of a megapixel.
    public static let mediaTokens = 800
    /// What vendors put around a conversation.
    private static let frameTokens = 3

    /// Of the prompt in a request's body, of any caller's dialect: the text of messages, instructions and
    /// tools. The body should be valid JSON; of what is not, it counts what looks like text. 0 for what has
    /// none.
    public static func promptTokens(inBody body: [UInt8]) -> Int {
        body.withUnsafeBufferPointer { bytes in
            TokenFactors.rows.withUnsafeBufferPointer { rows in
                TokenFactors.weights.withUnsafeBufferPointer { weights in
                    guard let base = bytes.baseAddress, let rows = rows.baseAddress,
                        let weights = weights.baseAddress
                    else { return 0 }
                    var walk = TokenWalk(base: base, end: bytes.count, rows: rows, weights: weights)
                    walk.run()
                    guard walk.thousandths > 0 || walk.media > 0 else { return 0 }
                    return (walk.thousandths + 500) / 1000 + walk.media * mediaTokens + frameTokens
                }
            }
        }
    }
}
