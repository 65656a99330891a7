import SignalboxCore

/// Follows a stream of `chat.completion.chunk` objects up to `[DONE]`.
struct OpenAICompatibleStream: StreamDecoder {
    private(set) var summary = ReplySummary()

    /// A provider that named its reason to stop has said everything.
    var isCompleteWithoutTerminator: Bool { summary.finishReason != nil }

    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep {
        if OpenAICompatibleStream.isTerminator(bytes[range]) { return .done }
        let fields: JSONFields
        do throws(JSONSyntaxError) {
            fields = try JSONFields(scanning: bytes, in: range)
        } catch {
            return .malformed
        }
        if let error = fields["error"], error.kind == .object || error.kind == .string {
            return .failure(OpenAICompatibleFailure.judge(error, of: fields, status: nil))
        }
        if summary.model == nil { summary.model = OpenAICompatibleReply.model(in: fields) }
        let usage = fields["usage"].flatMap { OpenAICompatibleReply.usage($0, in: bytes) }
        if let usage { summary.usage = usage }
        guard let choices = fields["choices"], choices.kind == .array else {
            return usage == nil ? .malformed : .forward(hasDelta: false)
        }
        var hasDelta = false
        for choice in JSONScan.elements(of: choices, in: bytes) where read(choice, in: bytes) {
            hasDelta = true
        }
        return .forward(hasDelta: hasDelta)
    }

    /// `[DONE]`, with spaces after it or not.
    private static func isTerminator(_ data: ArraySlice<UInt8>) -> Bool {
        data.starts(with: "[DONE]".utf8) && data.dropFirst(6).allSatisfy { $0 == 0x20 }
    }

    /// Notes the finish reason; answers whether the choice carries content.
    private mutating func read(_ choice: JSONValue, in bytes: [UInt8]) -> Bool {
        var hasContent = false
        var finish: JSONValue?
        JSONScan.visitMembers(of: choice, in: bytes) { key, member in
            if key.isNamed("delta", in: bytes) {
                hasContent = OpenAICompatibleStream.hasContent(member, in: bytes)
            } else if key.isNamed("finish_reason", in: bytes) {
                finish = member
            }
        }
        if let finish, let reason = JSONScan.string(at: finish, in: bytes) { summary.finishReason = reason }
        return hasContent
    }

    /// Anything but the role counts if it is not empty: text, tool calls, reasoning under whatever name a
    /// vendor gives it. Taking too much for content costs a fallback; taking too little would show a caller
    /// two beginnings.
    private static func hasContent(_ delta: JSONValue, in bytes: [UInt8]) -> Bool {
        var found = false
        JSONScan.visitMembers(of: delta, in: bytes) { key, member in
            switch member.kind {
            case .string, .array, .object:
                // Two bytes are the quotes or brackets alone.
                if member.range.count > 2, !key.isNamed("role", in: bytes) { found = true }
            case .number, .true, .false, .null:
                break
            }
        }
        return found
    }
}
