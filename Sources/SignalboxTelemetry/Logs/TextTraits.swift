/// What a text needs before it may stand in a line. Most need nothing.
struct TextTraits: OptionSet {
    let rawValue: UInt8

    /// JSON wants quotes, backslashes and control characters escaped.
    static let needsEscapes = TextTraits(rawValue: 1)
    /// It has one of the bytes at which `Redaction` looks closer.
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
            found |= byte == 0x20 ? 2 : 0
            found |= byte == 0x2D ? 2 : 0
            found |= byte == 0x5F ? 2 : 0
            found |= byte == 0x7A ? 2 : 0
        }
        rawValue = found
    }
}
