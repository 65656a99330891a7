/// What a text needs before it may stand in a line. Most need nothing.
struct TextTraits: OptionSet {
    let rawValue: UInt8

    /// JSON wants quotes, backslashes and control characters escaped.
    static let needsEscapes = TextTraits(rawValue: 1)
    /// It has a place at which `Redaction` looks closer: one of its rare bytes, behind the letter that each
    /// credential has there. Whatever `Redaction` finds has one.
    static let mayHoldCredential = TextTraits(rawValue: 2)

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Looks at every byte and leaves early at none, so that the compiler can look at many at once.
    init(of text: UnsafeBufferPointer<UInt8>) {
        var found: UInt8 = 0
        for index in 0..<text.count {
            let byte = text[index]
            found |= byte < 0x20 ? 1 : 0
            found |= byte == 0x22 ? 1 : 0
            found |= byte == 0x5C ? 1 : 0
        }
        var index = 1
        while index < text.count {
            let (byte, before) = (text[index], text[index &- 1] | 0x20)
            // `sk-`, `gsk_` and `whsec_`, `AIza`, `Bearer `
            found |= (byte == 0x2D ? 2 : 0) & (before == 0x6B ? 2 : 0)
            found |= (byte == 0x5F ? 2 : 0) & (before == 0x6B || before == 0x63 ? 2 : 0)
            found |= (byte == 0x7A ? 2 : 0) & (before == 0x69 ? 2 : 0)
            found |= (byte == 0x20 ? 2 : 0) & (before == 0x72 ? 2 : 0)
            index &+= 1
        }
        rawValue = found
    }
}
