import SignalboxCore

/// Where another provider goes on with an answer: makes its chunks those of the answer that was begun.
///
/// Its role is not told again, its chunks get the first ones' id, and what it repeats of the text is left
/// out: the words, where the vendor is known to say them again, and the white space behind them, which it was
/// not shown.
struct Seam {
    private let id: String?
    private var words: [UInt8]
    private var space: ArraySlice<UInt8>
    /// What may yet turn out to be the words once more.
    private var held: [UInt8] = []

    /// - Parameter repeats: the vendor says the words again before it goes on.
    init(behind sent: SentText, repeats: Bool) {
        let parts = sent.parts
        id = sent.id
        words = repeats ? Array(parts.words.utf8) : []
        space = ArraySlice(parts.space.utf8)
    }

    /// The chunk as it goes out; nil where nothing is left of it.
    mutating func join(_ chunk: [UInt8], in range: Range<Int>) throws(UpstreamFailure) -> [UInt8]? {
        do throws(JSONSyntaxError) {
            let fields = try JSONFields(scanning: chunk, in: range)
            var splice = JSONSplice(fields)
            if let id { splice.set("id", to: .string(id)) }
            guard let choices = fields["choices"],
                let choice = Array(JSONScan.elements(of: choices, in: chunk)).first
            else { return splice.build() }
            guard let joined = try join(JSONFields(scanning: chunk, in: choice.range)) else {
                return fields["usage"].map { $0.kind == .null } ?? true ? nil : splice.build()
            }
            splice.set("choices", to: .json([UInt8(ascii: "[")] + joined + [UInt8(ascii: "]")]))
            return splice.build()
        } catch {
            throw UpstreamFailure(.malformedReply, message: "a chunk could not be read: \(error)")
        }
    }

    private mutating func join(_ choice: JSONFields) throws(JSONSyntaxError) -> [UInt8]? {
        let isLast = choice["finish_reason"].map { $0.kind != .null } ?? false
        guard let delta = choice.object("delta") else { return Array(choice.bytes[choice.range]) }
        var splice = JSONSplice(delta)
        splice.remove("role")
        let said = delta.string("content")
        let text = rest(of: said ?? "", isLast: isLast)
        if said != nil || !text.isEmpty { splice.set("content", to: .string(text)) }
        if text.isEmpty, !isLast, !Self.hasMore(choice) { return nil }
        var outer = JSONSplice(choice)
        outer.set("delta", to: .json(splice.build()))
        return outer.build()
    }

    /// Whether a delta says anything but role and text.
    private static func hasMore(_ choice: JSONFields) -> Bool {
        guard let delta = choice["delta"] else { return false }
        let bytes = choice.bytes
        var found = false
        JSONScan.visitMembers(of: delta, in: bytes) { key, value in
            if !key.isNamed("role", in: bytes), !key.isNamed("content", in: bytes), value.kind != .null {
                found = true
            }
        }
        return found
    }

    /// What is new in a piece of text.
    private mutating func rest(of piece: String, isLast: Bool) -> String {
        if words.isEmpty, space.isEmpty { return piece }
        held += Array(piece.utf8)
        if !words.isEmpty {
            if held.count < words.count, words.starts(with: held), !isLast { return "" }
            if held.starts(with: words) { held.removeFirst(words.count) }
            words = []
        }
        var new = held[...]
        while let byte = new.first, byte == space.first {
            new = new.dropFirst()
            space = space.dropFirst()
        }
        // Behind anything else there is no repetition any more.
        if !new.isEmpty { space = [] }
        held = []
        return String(decoding: new, as: UTF8.self)
    }
}
