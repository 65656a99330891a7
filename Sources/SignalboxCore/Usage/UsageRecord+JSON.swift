// A record as receivers get it. The same record makes the same bytes, in any version that has its fields.
extension UsageRecord {
    /// One object, without a line break.
    /// - Parameter sequence: its number among the tenant's records, from 1 and without gaps.
    public func json(sequence: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(832)
        appendJSON(sequence: sequence, to: &bytes)
        return bytes
    }

    package func appendJSON(sequence: Int64, to bytes: inout [UInt8]) {
        var object = Members(&bytes)
        object.add("id") { id.appendQuoted(to: &$0) }
        object.add("schema", Self.schema)
        object.add("sequence", Int(sequence))
        object.add("request_id", requestID)
        object.add("attempt", attempt)
        object.add("provider", provider)
        object.add("model", model)
        object.add("requested_model", requestedModel)
        if let usage { object.add(usage) }
        object.add("usage_source", source.rawValue)
        if let cost { object.add(cost) }
        if let priceVersion { object.add("price_version", priceVersion) }
        object.add("latency_ms", milliseconds: latency)
        if let timeToFirstToken { object.add("time_to_first_token_ms", milliseconds: timeToFirstToken) }
        object.add("success", outcome == .success)
        object.add("streaming", isStreaming)
        object.add("outcome", outcome.rawValue)
        if let errorType { object.add("error_type", errorType) }
        object.add("key", key)
        object.add("timestamp") {
            $0.append(UInt8(ascii: "\""))
            InternetDate.append(timestamp, to: &$0)
            $0.append(UInt8(ascii: "\""))
        }
        object.add("tenant_id", tenant)
        if let tenantKey { object.add("tenant_key", tenantKey) }
        if let platformKeyID { object.add("platform_key_id", platformKeyID) }
        if let sessionID { object.add("session_id", sessionID) }
        object.end()
        bytes = object.bytes
    }

    /// Writes an object's members one after the other.
    private struct Members {
        var bytes: [UInt8]
        private var isEmpty = true

        /// Takes what is there, so that nothing is copied.
        init(_ given: inout [UInt8]) {
            bytes = given
            given = []
            bytes.append(UInt8(ascii: "{"))
        }

        mutating func add(_ name: StaticString, _ value: (inout [UInt8]) -> Void) {
            if !isEmpty { bytes.append(UInt8(ascii: ",")) }
            isEmpty = false
            bytes.append(UInt8(ascii: "\""))
            name.withUTF8Buffer { bytes.append(contentsOf: $0) }
            bytes.append(UInt8(ascii: "\""))
            bytes.append(UInt8(ascii: ":"))
            value(&bytes)
        }

        mutating func add(_ name: StaticString, _ text: String) {
            add(name) { JSONText.append(text, to: &$0) }
        }

        mutating func add(_ name: StaticString, _ number: Int) {
            add(name) { JSONText.append(number, to: &$0) }
        }

        mutating func add(_ name: StaticString, _ claim: Bool) {
            add(name) { $0.append(contentsOf: claim ? "true".utf8 : "false".utf8) }
        }

        /// To the microsecond.
        mutating func add(_ name: StaticString, milliseconds duration: Duration) {
            let (whole, rest) = Int(duration.nanoseconds / 1_000).quotientAndRemainder(dividingBy: 1_000)
            add(name) {
                JSONText.append(whole, to: &$0)
                guard rest > 0 else { return }
                $0.append(UInt8(ascii: "."))
                if rest < 100 { $0.append(UInt8(ascii: "0")) }
                if rest < 10 { $0.append(UInt8(ascii: "0")) }
                JSONText.append(rest, to: &$0)
            }
        }

        mutating func add(_ usage: TokenUsage) {
            add("prompt_tokens", usage.promptTokens)
            add("completion_tokens", usage.completionTokens)
            add("total_tokens", usage.promptTokens + usage.completionTokens)
            if usage.cachedTokens > 0 { add("cached_tokens", usage.cachedTokens) }
            if usage.cacheWriteTokens > 0 { add("cache_write_tokens", usage.cacheWriteTokens) }
            if usage.reasoningTokens > 0 { add("reasoning_tokens", usage.reasoningTokens) }
        }

        mutating func add(_ cost: Money) {
            // Its digits are exact; a reader that makes a Double of them has `cost_nano` for the rest.
            add("cost") { $0.append(contentsOf: cost.decimal.utf8) }
            add("cost_nano", String(cost.nano))
            add("currency", cost.currency)
        }

        mutating func end() {
            bytes.append(UInt8(ascii: "}"))
        }
    }
}

extension UUIDv7 {
    fileprivate func appendQuoted(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        append(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }
}
