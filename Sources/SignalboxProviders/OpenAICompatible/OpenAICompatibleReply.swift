import SignalboxCore

/// Reads a whole reply: what it must be, and what it says of tokens.
enum OpenAICompatibleReply {
    /// What one pass over the reply finds.
    private struct Finding {
        var summary = ReplySummary()
        var hasChoice = false
        var hasData = false
        var hasError = false
    }

    static func judge(
        status: Int, body: [UInt8], operation: CallOperation, dialect: OpenAIDialect
    ) -> Result<ReplySummary, UpstreamFailure> {
        do throws(JSONSyntaxError) {
            let finding = try JSONReader.read(body) { reader throws(JSONSyntaxError) in
                try read(&reader, in: body)
            }
            // Some gateways report a failure behind a status of 200.
            if finding.hasError, let failure = try failure(in: body, dialect) { return .failure(failure) }
            if finding.summary.finishReason == endedInError {
                return .failure(OpenAICompatibleFailure.endedInError)
            }
            switch operation {
            case .chat, .chatStream:
                guard finding.hasChoice else {
                    return malformed(status, "the provider's answer has no choices")
                }
            case .embeddings:
                guard finding.hasData else {
                    return malformed(status, "the provider's answer has no data")
                }
            }
            return .success(finding.summary)
        } catch {
            let what = body.isEmpty ? "an empty body" : "no JSON object (\(error))"
            return malformed(status, "the provider answered \(status) with \(what)")
        }
    }

    private static func read(_ reader: inout JSONReader, in body: [UInt8]) throws(JSONSyntaxError) -> Finding
    {
        guard try reader.beginObject() else { throw reader.failure(.notAnObject) }
        var finding = Finding()
        while let key = try reader.nextMember() {
            if key.isNamed("choices", in: body) {
                finding.hasChoice = false
                finding.summary.finishReason = nil
                try readChoices(&reader, in: body, into: &finding)
            } else if key.isNamed("usage", in: body) {
                finding.summary.usage = try OpenAICompatibleUsage.read(&reader, in: body)
            } else {
                let value = try reader.skip()
                if key.isNamed("model", in: body) {
                    finding.summary.model = model(value, in: body)
                } else if key.isNamed("error", in: body) {
                    finding.hasError = true
                } else if key.isNamed("data", in: body) {
                    // Two bytes are the brackets alone.
                    finding.hasData = value.kind == .array && value.range.count > 2
                }
            }
        }
        return finding
    }

    /// OpenRouter's finish reason where the vendor behind it broke off.
    static let endedInError = "error"

    /// Nil where none is named, or none that any model is called.
    static func model(_ value: JSONValue, in bytes: [UInt8]) -> String? {
        value.range.count <= modelBytesMax ? JSONScan.string(at: value, in: bytes) : nil
    }

    private static let modelBytesMax = 256

    /// The first choice that names a reason to have stopped speaks for all.
    private static func readChoices(
        _ reader: inout JSONReader, in body: [UInt8], into finding: inout Finding
    ) throws(JSONSyntaxError) {
        guard try reader.beginArray() else {
            try reader.skip()
            return
        }
        while try reader.nextElement() {
            finding.hasChoice = true
            guard finding.summary.finishReason == nil, try reader.beginObject() else {
                try reader.skip()
                continue
            }
            while let key = try reader.nextMember() {
                let value = try reader.skip()
                if key.isNamed("finish_reason", in: body) {
                    finding.summary.finishReason = JSONScan.string(at: value, in: body)
                } else if key.isNamed("error", in: body), value.kind != .null {
                    finding.hasError = true
                }
            }
        }
    }

    private static func failure(
        in body: [UInt8], _ dialect: OpenAIDialect
    ) throws(JSONSyntaxError) -> UpstreamFailure? {
        try error(in: JSONFields(scanning: body)).map {
            OpenAICompatibleFailure.judge($0, in: body, dialect)
        }
    }

    /// An error beside the choices, inside one of them, or in what Groq adds.
    static func error(in fields: JSONFields) -> JSONValue? {
        func isError(_ value: JSONValue) -> Bool { value.kind == .object || value.kind == .string }
        if let error = fields["error"], isError(error) { return error }
        let own = fields["x_groq"].flatMap { JSONScan.member("error", of: $0, in: fields.bytes) }
        if let own, isError(own) { return own }
        guard let choices = fields["choices"] else { return nil }
        for choice in JSONScan.elements(of: choices, in: fields.bytes) {
            if let error = JSONScan.member("error", of: choice, in: fields.bytes), isError(error) {
                return error
            }
        }
        return nil
    }

    private static func malformed(_ status: Int, _ message: String) -> Result<ReplySummary, UpstreamFailure> {
        .failure(UpstreamFailure(.malformedReply, message: message, status: status))
    }
}
