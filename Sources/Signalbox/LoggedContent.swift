import SignalboxCore

/// A request's prompt and answer as text, for configurations that want them logged (`logging.log_content`).
///
/// Texts are put together before they are logged, so that the log's filter sees a credential whole even
/// where a stream cut it in two.
struct LoggedContent {
    /// Of each text; what is longer is cut.
    static let bytesMax = 8 << 10

    let prompt: String
    private(set) var answer = ""

    init(of call: ChatCall) {
        var text = ""
        if let messages = call.fields["messages"], messages.kind == .array {
            for message in JSONScan.elements(of: messages, in: call.body) {
                guard text.utf8.count <= Self.bytesMax else { break }
                if !text.isEmpty { text += "\n" }
                text += Self.string("role", of: message, in: call.body) ?? "unknown"
                text += ": " + Self.content(of: message, in: call.body)
            }
        }
        prompt = Self.cut(text)
    }

    /// A whole reply's body.
    mutating func answered(_ body: [UInt8]) {
        append(body, 0..<body.count, named: "message")
    }

    /// One event of a stream.
    mutating func streamed(_ event: [UInt8], in range: Range<Int>) {
        append(event, range, named: "delta")
    }

    /// The text of a whole reply or an event that is not in OpenAI's dialect.
    mutating func said(_ text: @autoclosure () -> String) {
        guard answer.utf8.count <= Self.bytesMax else { return }
        answer = Self.cut(answer + text())
    }

    /// One byte more than is kept says that there was more.
    private mutating func append(_ bytes: [UInt8], _ range: Range<Int>, named name: StaticString) {
        guard answer.utf8.count <= Self.bytesMax else { return }
        let fields: JSONFields
        do throws(JSONSyntaxError) {
            fields = try JSONFields(scanning: bytes, in: range)
        } catch {
            return  // judged already: such a reply fails its attempt, such a chunk is skipped
        }
        guard let choices = fields["choices"], choices.kind == .array else { return }
        for choice in JSONScan.elements(of: choices, in: bytes) {
            if let part = JSONScan.member(name, of: choice, in: bytes), part.kind == .object {
                answer = Self.cut(answer + Self.content(of: part, in: bytes))
            }
        }
    }

    /// `content` as a text, or the texts of its parts.
    private static func content(of message: JSONValue, in bytes: [UInt8]) -> String {
        guard let content = JSONScan.member("content", of: message, in: bytes) else { return "" }
        switch content.kind {
        case .string: return JSONScan.string(at: content, in: bytes) ?? ""
        case .array:
            return JSONScan.elements(of: content, in: bytes).compactMap {
                string("text", of: $0, in: bytes)
            }.joined(separator: "\n")
        case .object, .number, .true, .false, .null: return ""
        }
    }

    private static func string(_ name: StaticString, of value: JSONValue, in bytes: [UInt8]) -> String? {
        guard value.kind == .object else { return nil }
        return JSONScan.member(name, of: value, in: bytes).flatMap { JSONScan.string(at: $0, in: bytes) }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > bytesMax + 1 else { return text }
        return String(decoding: text.utf8.prefix(bytesMax + 1), as: UTF8.self)
    }
}
