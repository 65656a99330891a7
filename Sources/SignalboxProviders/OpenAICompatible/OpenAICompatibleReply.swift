import SignalboxCore

/// Reads a whole reply: what it must be, and what it says of tokens.
enum OpenAICompatibleReply {
    static func judge(status: Int, body: [UInt8]) -> Result<ReplySummary, UpstreamFailure> {
        let fields: JSONFields
        do throws(JSONSyntaxError) {
            fields = try JSONFields(scanning: body)
        } catch {
            let what = body.isEmpty ? "an empty body" : "no JSON object (\(error))"
            return malformed(status, "the provider answered \(status) with \(what)")
        }
        // Some gateways report a failure behind a status of 200.
        if let error = fields["error"], error.kind == .object || error.kind == .string {
            return .failure(OpenAICompatibleFailure.judge(error, of: fields, status: nil))
        }
        guard let choices = fields["choices"], choices.kind == .array else {
            return malformed(status, "the provider's answer has no choices")
        }
        var summary = ReplySummary(
            usage: fields["usage"].flatMap { usage($0, in: body) }, model: model(in: fields))
        var hasChoice = false
        for choice in JSONScan.elements(of: choices, in: body) {
            hasChoice = true
            if let reason = JSONScan.member("finish_reason", of: choice, in: body),
                let text = JSONScan.string(at: reason, in: body)
            {
                summary.finishReason = text
                break
            }
        }
        guard hasChoice else { return malformed(status, "the provider's answer has no choices") }
        return .success(summary)
    }

    /// Nil where none is named, or none that any model is called.
    static func model(in fields: JSONFields) -> String? {
        guard let value = fields["model"], value.range.count <= modelBytesMax else { return nil }
        return JSONScan.string(at: value, in: fields.bytes)
    }

    private static let modelBytesMax = 256

    /// Nil unless `value` is an object that counts at least one side.
    static func usage(_ value: JSONValue, in bytes: [UInt8]) -> TokenUsage? {
        guard value.kind == .object else { return nil }
        var prompt: Int?
        var completion: Int?
        var usage = TokenUsage(promptTokens: 0, completionTokens: 0)
        func count(_ value: JSONValue) -> Int? { JSONScan.integer(at: value, in: bytes).map { max(0, $0) } }
        JSONScan.visitMembers(of: value, in: bytes) { key, member in
            if key.isNamed("prompt_tokens", in: bytes) {
                prompt = count(member)
            } else if key.isNamed("completion_tokens", in: bytes) {
                completion = count(member)
            } else if key.isNamed("prompt_tokens_details", in: bytes) {
                usage.cachedTokens = detail("cached_tokens", of: member, in: bytes)
                usage.cacheWriteTokens = detail("cache_write_tokens", of: member, in: bytes)
            } else if key.isNamed("completion_tokens_details", in: bytes) {
                usage.reasoningTokens = detail("reasoning_tokens", of: member, in: bytes)
            }
        }
        guard prompt != nil || completion != nil else { return nil }
        usage.promptTokens = prompt ?? 0
        usage.completionTokens = completion ?? 0
        return usage
    }

    private static func detail(_ name: StaticString, of value: JSONValue, in bytes: [UInt8]) -> Int {
        let member = JSONScan.member(name, of: value, in: bytes)
        return max(0, member.flatMap { JSONScan.integer(at: $0, in: bytes) } ?? 0)
    }

    private static func malformed(_ status: Int, _ message: String) -> Result<ReplySummary, UpstreamFailure> {
        .failure(UpstreamFailure(.malformedReply, message: message, status: status))
    }
}
