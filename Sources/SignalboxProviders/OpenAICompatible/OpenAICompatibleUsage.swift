import SignalboxCore

/// Reads the `usage` object of a reply or of a stream's chunk.
enum OpenAICompatibleUsage {
    /// Steps over the next value; nil unless it is an object that counts at least one side.
    static func read(_ reader: inout JSONReader, in bytes: [UInt8]) throws(JSONSyntaxError) -> TokenUsage? {
        guard try reader.beginObject() else {
            try reader.skip()
            return nil
        }
        var prompt: Int?
        var completion: Int?
        var total: Int?
        var usage = TokenUsage(promptTokens: 0, completionTokens: 0)
        while let key = try reader.nextMember() {
            if key.isNamed("prompt_tokens", in: bytes) {
                prompt = count(try reader.skip(), in: bytes)
            } else if key.isNamed("completion_tokens", in: bytes) {
                completion = count(try reader.skip(), in: bytes)
            } else if key.isNamed("prompt_tokens_details", in: bytes) {
                let found = try details("cached_tokens", "cache_write_tokens", &reader, in: bytes)
                (usage.cachedTokens, usage.cacheWriteTokens) = (max(usage.cachedTokens, found.0), found.1)
            } else if key.isNamed("completion_tokens_details", in: bytes) {
                (usage.reasoningTokens, _) = try details("reasoning_tokens", nil, &reader, in: bytes)
            } else {
                let value = try reader.skip()
                if key.isNamed("total_tokens", in: bytes) {
                    total = count(value, in: bytes)
                } else if let cached = cachedTokens(key, value, in: bytes) {
                    usage.cachedTokens = max(usage.cachedTokens, cached)
                }
            }
        }
        guard prompt != nil || completion != nil else { return nil }
        usage.promptTokens = prompt ?? 0
        usage.completionTokens = completion ?? 0
        // xAI adds reasoning to the total instead of counting it as completion; others do not. The sum tells.
        let apart = (total ?? 0) - usage.promptTokens - usage.completionTokens
        if apart > 0, apart == usage.reasoningTokens { usage.completionTokens += apart }
        return usage
    }

    /// Where vendors put what OpenAI calls `prompt_tokens_details.cached_tokens`: DeepSeek, Mistral,
    /// Together.
    private static func cachedTokens(_ key: JSONKey, _ value: JSONValue, in bytes: [UInt8]) -> Int? {
        guard
            key.isNamed("prompt_cache_hit_tokens", in: bytes) || key.isNamed("num_cached_tokens", in: bytes)
                || key.isNamed("cached_tokens", in: bytes)
        else { return nil }
        return count(value, in: bytes)
    }

    /// Two counts of an object of details; 0 for what it does not say.
    private static func details(
        _ first: StaticString, _ second: StaticString?, _ reader: inout JSONReader, in bytes: [UInt8]
    ) throws(JSONSyntaxError) -> (Int, Int) {
        var counts = (0, 0)
        guard try reader.beginObject() else {
            try reader.skip()
            return counts
        }
        while let key = try reader.nextMember() {
            let value = try reader.skip()
            if key.isNamed(first, in: bytes) {
                counts.0 = count(value, in: bytes) ?? 0
            } else if let second, key.isNamed(second, in: bytes) {
                counts.1 = count(value, in: bytes) ?? 0
            }
        }
        return counts
    }

    private static func count(_ value: JSONValue, in bytes: [UInt8]) -> Int? {
        JSONScan.integer(at: value, in: bytes).map(TokenUsage.count)
    }
}
