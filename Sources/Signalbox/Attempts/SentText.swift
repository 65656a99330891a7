import SignalboxCore

/// What a caller has been sent of an answer, as far as another provider can go on with it: one choice's text,
/// and nothing else.
struct SentText {
    /// Of the text; what is longer is not gone on with.
    static let bytesMax = 1 << 20

    private(set) var text = ""
    /// What the answer's chunks are called.
    private(set) var id: String?
    /// Nothing was sent that a prefill cannot say: tool calls, reasoning, a second choice, an end.
    private(set) var isText = true

    /// A chunk that goes out.
    mutating func add(_ chunk: [UInt8], in range: Range<Int>) {
        guard isText else { return }
        let fields: JSONFields
        do throws(JSONSyntaxError) {
            fields = try JSONFields(scanning: chunk, in: range)
        } catch {
            return isText = false
        }
        if id == nil { id = fields.string("id") }
        guard let choices = fields["choices"] else { return }
        for choice in JSONScan.elements(of: choices, in: chunk) {
            var isFirst = true
            JSONScan.visitMembers(of: choice, in: chunk) { key, value in
                if key.isNamed("delta", in: chunk) {
                    take(value, in: chunk)
                } else if key.isNamed("index", in: chunk) {
                    isFirst = JSONScan.integer(at: value, in: chunk) == 0
                } else if key.isNamed("finish_reason", in: chunk), value.kind != .null {
                    isText = false
                }
            }
            if !isFirst { isText = false }
        }
        if text.utf8.count > Self.bytesMax { isText = false }
    }

    private mutating func take(_ delta: JSONValue, in chunk: [UInt8]) {
        JSONScan.visitMembers(of: delta, in: chunk) { key, value in
            if key.isNamed("role", in: chunk) { return }
            guard key.isNamed("content", in: chunk), value.kind == .string else {
                // Two bytes are the quotes or brackets alone.
                if value.kind != .null, value.range.count > 2 { isText = false }
                return
            }
            let piece = JSONScan.string(at: value, in: chunk) ?? ""
            // Half a character, at the end of a piece or at the start of one: nobody can go on behind that.
            if piece.unicodeScalars.contains("\u{FFFD}") { isText = false }
            text += piece
        }
    }

    /// The words to go on from, and the white space behind them: some vendors refuse it at the end.
    var parts: (words: String, space: String) {
        let scalars = text.unicodeScalars
        let end = scalars.lastIndex { !$0.properties.isWhitespace }.map(scalars.index(after:))
        guard let end else { return ("", text) }
        return (String(scalars[..<end]), String(scalars[end...]))
    }
}
