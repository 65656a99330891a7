package import SignalboxCore
package import SignalboxStore

// What the ledger answers, for programs.
extension LedgerSum {
    /// The groups' values in the order in which they were asked for, the counts, and the exact cost.
    package func json(by groups: [LedgerGroup]) -> JSONTree {
        var members: [JSONTree.Member] = groups.map { group in
            JSONTree.Member(group.rawValue, .string(values[group] ?? ""))
        }
        members += counts.map { JSONTree.Member($0, .number(String($1))) }
        if let cost {
            members.append(JSONTree.Member("currency", .string(cost.currency)))
            members.append(JSONTree.Member("cost", .number(cost.decimal)))
            members.append(JSONTree.Member("cost_nano", .string(String(cost.nano))))
        }
        return .object(members)
    }

    /// Nil for records that have none.
    package var cost: Money? { currency.map { Money(nano: nano, currency: $0) } }

    private var counts: [(String, Int64)] {
        [
            ("records", records), ("prompt_tokens", promptTokens), ("completion_tokens", completionTokens),
            ("total_tokens", promptTokens + completionTokens), ("cached_tokens", cachedTokens),
            ("cache_write_tokens", cacheWriteTokens), ("reasoning_tokens", reasoningTokens),
        ]
    }
}

extension EndpointStanding {
    /// - Parameter now: for the age of the oldest record.
    package func json(at now: WallTime) -> JSONTree {
        .object([
            "endpoint": .string(name), "tenant": .string(tenant), "pending": .number(String(pending)),
            "oldest": oldest.map { .string(InternetDate.print($0)) },
            "oldest_seconds": oldest.map { .integer($0.age(at: now)) },
            "dead_letters": .number(String(deadLetters)), "is_disabled": .bool(disabled != nil),
            "reason": disabled.map(JSONTree.string), "is_configured": .bool(isRegistered),
            "last_sequence": .number(String(cursor)),
        ])
    }
}

extension Delivery.Header {
    package func json(at now: WallTime) -> JSONTree {
        .object([
            "id": .string(id), "endpoint": .string(endpoint), "tenant": .string(tenant),
            "records": .integer(records), "first_sequence": .number(String(first)),
            "last_sequence": .number(String(last)), "bytes": .integer(bytes), "attempts": .integer(attempts),
            "created": .string(InternetDate.print(created)), "age_seconds": .integer(created.age(at: now)),
            "ended": state == .pending ? nil : .string(InternetDate.print(next)),
            "error": error.map(JSONTree.string), "origin": origin.map(JSONTree.string),
        ])
    }
}

extension PurgedRecords {
    package var json: JSONTree {
        .object([
            "records": .number(String(records)), "first_day": .string(first), "last_day": .string(last),
        ])
    }
}

extension WallTime {
    /// In whole seconds; 0 for what is still to come.
    package func age(at now: WallTime) -> Int {
        max(0, Int(now.nanosecondsSince1970 - nanosecondsSince1970) / 1_000_000_000)
    }
}
