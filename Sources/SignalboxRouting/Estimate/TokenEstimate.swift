/// Guesses the tokens of a request before it is sent, where windows of tokens must be reserved.
public enum TokenEstimate {
    /// Of the prompt in a request's body, as bytes of JSON. Never negative; 0 for what has no text.
    public static func promptTokens(inBody body: [UInt8]) -> Int {
        var characters = 0
        var wide = 0
        for byte in body {
            switch byte {
            case 0x80..<0xC0: break
            case 0xC0...: wide += 1
            default: characters += 1
            }
        }
        return characters / 4 + wide / 2
    }
}
