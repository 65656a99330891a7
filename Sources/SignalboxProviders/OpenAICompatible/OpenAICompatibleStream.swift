import SignalboxCore

/// Follows a stream of `chat.completion.chunk` objects up to `[DONE]`.
struct OpenAICompatibleStream: StreamDecoder {
    private(set) var summary = ReplySummary()
    private let dialect: OpenAIDialect
    /// Usage is asked for on every stream: who did not ask does not see it.
    private let hidesUsage: Bool
    /// How many answers were asked for.
    private let choiceCount: Int
    /// Those that are whole.
    private var finished: Set<Int> = []

    init(_ dialect: OpenAIDialect, for call: ChatCall) {
        self.dialect = dialect
        hidesUsage = !call.wantsStreamUsage
        choiceCount = max(1, call.fields.integer("n") ?? 1)
    }

    /// So many choices are told apart; OpenAI gives 128.
    private static let choicesMax = 1_024

    /// What one pass over a chunk finds.
    private struct Chunk {
        var usage: TokenUsage?
        var finishReason: String?
        /// The places of the choices that named it.
        var finished: [Int] = []
        var hasChoices = false
        var isEmpty = true
        var showsUsage = false
        var hasDelta = false
        var hasError = false
        /// Where the model's name stands; only the first chunk's is read.
        var model: JSONValue?
    }

    /// A provider that named its reason to stop, for every answer, has said everything.
    var isCompleteWithoutTerminator: Bool { finished.count >= choiceCount }

    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep {
        if OpenAICompatibleStream.isTerminator(bytes[range]) { return .done }
        do throws(JSONSyntaxError) {
            let chunk = try JSONReader.read(bytes, in: range) { reader throws(JSONSyntaxError) in
                try OpenAICompatibleStream.read(&reader, in: bytes)
            }
            if chunk.hasError {
                let fields = try JSONFields(scanning: bytes, in: range)
                if let error = OpenAICompatibleReply.error(in: fields) {
                    return .failure(OpenAICompatibleFailure.judge(error, in: bytes, dialect))
                }
            }
            if summary.model == nil, let model = chunk.model {
                summary.model = OpenAICompatibleReply.model(model, in: bytes)
            }
            if let usage = chunk.usage { summary.usage = usage }
            if let reason = chunk.finishReason { summary.finishReason = reason }
            for choice in chunk.finished where finished.count < OpenAICompatibleStream.choicesMax {
                finished.insert(choice)
            }
            if summary.finishReason == OpenAICompatibleReply.endedInError {
                return .failure(OpenAICompatibleFailure.endedInError)
            }
            guard chunk.hasChoices || chunk.usage != nil else {
                return try bareError(bytes, range) ?? .malformed
            }
            if hidesUsage && chunk.showsUsage { return try withoutUsage(chunk, bytes, range) }
            return .forward(hasDelta: chunk.hasDelta)
        } catch {
            return .malformed
        }
    }

    /// Some vendors write an error's fields without OpenAI's wrapper.
    private func bareError(
        _ bytes: [UInt8], _ range: Range<Int>
    ) throws(JSONSyntaxError) -> StreamStep? {
        let whole = try JSONScan.value(scanning: bytes, in: range)
        let error = OpenAICompatibleErrorBody(error: whole, in: bytes)
        guard error.message != nil, error.type != nil || error.code != nil else { return nil }
        return .failure(OpenAICompatibleFailure.judge(error, dialect))
    }

    private func withoutUsage(
        _ chunk: Chunk, _ bytes: [UInt8], _ range: Range<Int>
    ) throws(JSONSyntaxError) -> StreamStep {
        if chunk.isEmpty { return .replace([], hasDelta: false) }
        var splice = JSONSplice(try JSONFields(scanning: bytes, in: range))
        splice.remove("usage")
        return .replace([splice.build()], hasDelta: chunk.hasDelta)
    }

    /// `[DONE]`, with spaces after it or not.
    private static func isTerminator(_ data: ArraySlice<UInt8>) -> Bool {
        data.starts(with: "[DONE]".utf8) && data.dropFirst(6).allSatisfy { $0 == 0x20 }
    }

    private static func read(_ reader: inout JSONReader, in bytes: [UInt8]) throws(JSONSyntaxError) -> Chunk {
        guard try reader.beginObject() else { throw reader.failure(.notAnObject) }
        var chunk = Chunk()
        while let key = try reader.nextMember() {
            if key.isNamed("choices", in: bytes) {
                try readChoices(&reader, in: bytes, into: &chunk)
            } else if key.isNamed("usage", in: bytes) {
                let usage = try OpenAICompatibleUsage.read(&reader, in: bytes)
                chunk.usage = usage ?? chunk.usage
                chunk.showsUsage = usage != nil
            } else if key.isNamed("x_groq", in: bytes) {
                try readGroq(&reader, in: bytes, into: &chunk)
            } else {
                let value = try reader.skip()
                if key.isNamed("model", in: bytes) {
                    chunk.model = value
                } else if key.isNamed("error", in: bytes) {
                    chunk.hasError = true
                }
            }
        }
        return chunk
    }

    /// Groq tells usage, and what ended a stream early, in an object of its own.
    private static func readGroq(
        _ reader: inout JSONReader, in bytes: [UInt8], into chunk: inout Chunk
    ) throws(JSONSyntaxError) {
        guard try reader.beginObject() else {
            try reader.skip()
            return
        }
        while let key = try reader.nextMember() {
            if key.isNamed("usage", in: bytes) {
                let usage = try OpenAICompatibleUsage.read(&reader, in: bytes)
                chunk.usage = chunk.usage ?? usage
            } else {
                let value = try reader.skip()
                if key.isNamed("error", in: bytes) { chunk.hasError = value.kind != .null }
            }
        }
    }

    /// Notes the finish reason, and whether a choice carries content.
    private static func readChoices(
        _ reader: inout JSONReader, in bytes: [UInt8], into chunk: inout Chunk
    ) throws(JSONSyntaxError) {
        guard try reader.beginArray() else {
            try reader.skip()
            return
        }
        chunk.hasChoices = true
        while try reader.nextElement() {
            chunk.isEmpty = false
            guard try reader.beginObject() else {
                try reader.skip()
                continue
            }
            try readChoice(&reader, in: bytes, into: &chunk)
        }
    }

    private static func readChoice(
        _ reader: inout JSONReader, in bytes: [UInt8], into chunk: inout Chunk
    ) throws(JSONSyntaxError) {
        var index = 0
        var reason: String?
        while let key = try reader.nextMember() {
            if key.isNamed("delta", in: bytes) {
                if try hasContent(&reader, in: bytes) { chunk.hasDelta = true }
                continue
            }
            let value = try reader.skip()
            if key.isNamed("finish_reason", in: bytes) {
                reason = JSONScan.string(at: value, in: bytes)
            } else if key.isNamed("index", in: bytes) {
                index = JSONScan.integer(at: value, in: bytes) ?? 0
            } else if key.isNamed("error", in: bytes), value.kind != .null {
                chunk.hasError = true
            }
        }
        // Some write an empty one where others write null, or nothing.
        guard let reason, !reason.isEmpty else { return }
        chunk.finishReason = reason
        chunk.finished.append(index)
    }

    /// Anything but the role counts if it is not empty: text, tool calls, reasoning under whatever name a
    /// vendor gives it. Taking too much for content costs a fallback; taking too little would show a caller
    /// two beginnings.
    private static func hasContent(
        _ reader: inout JSONReader, in bytes: [UInt8]
    ) throws(JSONSyntaxError) -> Bool {
        guard try reader.beginObject() else {
            try reader.skip()
            return false
        }
        var found = false
        while let key = try reader.nextMember() {
            let value = try reader.skip()
            switch value.kind {
            case .string, .array, .object:
                // Two bytes are the quotes or brackets alone.
                if value.range.count > 2, !key.isNamed("role", in: bytes) { found = true }
            case .number, .true, .false, .null:
                break
            }
        }
        return found
    }
}
