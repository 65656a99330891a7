// A record as it was kept, or delivered, read again.
extension UsageRecord {
    /// Why a record could not be read.
    public struct Unreadable: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// What ``json(sequence:)`` has written; members that this version does not know are passed over.
    public init(json: [UInt8]) throws(Unreadable) {
        let fields = try Fields(json)
        self.init(
            id: try fields.value("id") { UUIDv7($0) }, requestID: try fields.text("request_id"),
            attempt: try fields.number("attempt"), provider: try fields.text("provider"),
            model: try fields.text("model"), requestedModel: try fields.text("requested_model"),
            usage: try fields.usage, source: try fields.value("usage_source") { Source(rawValue: $0) },
            cost: try fields.cost, priceVersion: fields.textIfAny("price_version"),
            latency: try fields.milliseconds("latency_ms"),
            timeToFirstToken: try fields.millisecondsIfAny("time_to_first_token_ms"),
            isStreaming: fields.tree["streaming"] == .bool(true),
            outcome: try fields.value("outcome") { Outcome(rawValue: $0) },
            errorType: fields.textIfAny("error_type"), key: try fields.text("key"),
            timestamp: try fields.value("timestamp") { InternetDate.parse($0) },
            tenant: try fields.text("tenant_id"), tenantKey: fields.textIfAny("tenant_key"),
            platformKeyID: fields.textIfAny("platform_key_id"), sessionID: fields.textIfAny("session_id"))
    }

    private struct Fields {
        let tree: JSONTree

        init(_ json: [UInt8]) throws(Unreadable) {
            do throws(JSONSyntaxError) {
                tree = try JSONTree(parsing: json)
            } catch {
                throw Unreadable(description: "it is no JSON: \(error)")
            }
            guard try text("schema") == UsageRecord.schema else {
                throw Unreadable(description: "its schema is not \(UsageRecord.schema)")
            }
        }

        func textIfAny(_ name: String) -> String? {
            guard case .string(let text)? = tree[name] else { return nil }
            return text
        }

        func text(_ name: String) throws(Unreadable) -> String {
            try value(name) { $0 }
        }

        func value<Value>(_ name: String, _ read: (String) -> Value?) throws(Unreadable) -> Value {
            guard let value = textIfAny(name).flatMap(read) else {
                throw Unreadable(description: "its \(name) is missing or none")
            }
            return value
        }

        func number<Number: LosslessStringConvertible>(_ name: String) throws(Unreadable) -> Number {
            guard case .number(let digits)? = tree[name], let number = Number(digits) else {
                throw Unreadable(description: "its \(name) is missing or none")
            }
            return number
        }

        private func count(_ name: String) throws(Unreadable) -> Int {
            tree[name] == nil ? 0 : try number(name)
        }

        func milliseconds(_ name: String) throws(Unreadable) -> Duration {
            let milliseconds: Double = try number(name)
            return .microseconds(Int64(clamping: Int128((milliseconds * 1_000).rounded())))
        }

        func millisecondsIfAny(_ name: String) throws(Unreadable) -> Duration? {
            tree[name] == nil ? nil : try milliseconds(name)
        }

        var usage: TokenUsage? {
            get throws(Unreadable) {
                guard tree["prompt_tokens"] != nil else { return nil }
                return TokenUsage(
                    promptTokens: try number("prompt_tokens"),
                    completionTokens: try number("completion_tokens"),
                    cachedTokens: try count("cached_tokens"),
                    cacheWriteTokens: try count("cache_write_tokens"),
                    reasoningTokens: try count("reasoning_tokens"))
            }
        }

        var cost: Money? {
            get throws(Unreadable) {
                guard tree["cost_nano"] != nil else { return nil }
                return Money(nano: try value("cost_nano") { Int128($0) }, currency: try text("currency"))
            }
        }
    }
}
