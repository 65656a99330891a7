import SignalboxCore

/// A record as a row. The order is a contract: new columns come last.
enum RecordColumns {
    static let names = [
        "id", "sequence", "tenant_id", "tenant_key", "timestamp", "request_id", "attempt", "provider",
        "model", "requested_model", "key", "outcome", "success", "error_type", "streaming", "usage_source",
        "prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "cache_write_tokens",
        "reasoning_tokens", "currency", "cost", "cost_nano", "price_version", "latency_ms",
        "time_to_first_token_ms", "platform_key_id", "session_id", "schema",
    ]

    /// The record's own JSON, taken apart; what is absent there is empty here.
    static func row(of json: [UInt8]) throws(CommandFailure) -> [String] {
        let record = try tree(json)
        return names.map { text(record[$0]) }
    }

    static func tree(_ json: [UInt8]) throws(CommandFailure) -> JSONTree {
        do throws(JSONSyntaxError) {
            return try JSONTree(parsing: json)
        } catch {
            throw CommandFailure(message: "a record is damaged: \(error)", status: 1)
        }
    }

    static func text(_ value: JSONTree?) -> String {
        switch value {
        case .string(let text): CSVText.disarmed(text)
        case .number(let digits): digits
        case .bool(let claim): claim ? "true" : "false"
        case .object, .array, .null, nil: ""
        }
    }
}
