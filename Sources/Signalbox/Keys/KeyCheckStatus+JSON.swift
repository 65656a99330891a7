public import SignalboxCore

extension KeyCheckStatus {
    /// Of a list that is told in full, so many entries are.
    private static let entriesMax = 100

    /// As `GET /admin/keys` tells it. Times as RFC 3339 has them, what is not known left out.
    public var json: JSONTree {
        let report = standing ?? latest
        var members = [
            JSONTree.Member("provider", .string(provider)), JSONTree.Member("key", .string(alias)),
            JSONTree.Member("kind", .string(kind)), JSONTree.Member("state", .string(state.rawValue)),
        ]
        func add(_ name: String, _ value: JSONTree?) {
            if let value { members.append(JSONTree.Member(name, value)) }
        }
        add("doubt", doubt.map { .string($0.rawValue) })
        members += report?.verdictMembers ?? []
        add("proof", report.map(\.proof.json))
        add("details", report?.details.json)
        add("verified", verified.map(Self.text))
        if let latest, let lastCheck {
            add(
                "last_check",
                .object(
                    [
                        JSONTree.Member("at", Self.text(lastCheck)),
                        JSONTree.Member("state", .string(latest.state.rawValue)),
                    ] + latest.verdictMembers
                        + (elapsed.map { [JSONTree.Member("elapsed_ms", .milliseconds($0))] } ?? [])))
        }
        add("next_check", nextCheck.map(Self.text))
        add("checks", .integer(checks))
        add("skipped", .integer(skipped))
        return .object(members)
    }

    fileprivate static func text(_ time: WallTime) -> JSONTree { .string(InternetDate.print(time)) }

    fileprivate static func list(_ values: [String]) -> JSONTree? {
        values.isEmpty ? nil : .strings(Array(values.prefix(entriesMax)))
    }
}

extension KeyReport {
    /// What was said, and in which words.
    fileprivate var verdictMembers: [JSONTree.Member] {
        var members = [
            JSONTree.Member("code", .string(code.rawValue)), JSONTree.Member("message", .string(message)),
        ]
        if let status { members.append(JSONTree.Member("status", .integer(status))) }
        if let providerCode { members.append(JSONTree.Member("provider_code", .string(providerCode))) }
        if let requestID { members.append(JSONTree.Member("provider_request_id", .string(requestID))) }
        if let retryAfter { members.append(JSONTree.Member("retry_after_ms", .milliseconds(retryAfter))) }
        return members
    }
}

extension KeyProof {
    /// A fact that was not shown either way is left out.
    fileprivate var json: JSONTree {
        .object(["exists": exists.map { .bool($0) }, "may_generate": mayGenerate.map { .bool($0) }])
    }
}

extension KeyDetails {
    fileprivate var json: JSONTree? {
        guard self != KeyDetails() else { return nil }
        return .object([
            "organisation": organisation.map { .string($0) },
            "scopes": KeyCheckStatus.list(scopes),
            "missing_scopes": KeyCheckStatus.list(missingScopes),
            "models": KeyCheckStatus.list(models),
            "models_count": models.isEmpty ? nil : .integer(models.count),
            "balances": balances.isEmpty ? nil : .array(balances.map(\.json)),
            "limit_remaining": limitRemaining?.json,
            "expires_at": expiresAt.map(KeyCheckStatus.text),
        ])
    }
}

extension KeyBalance {
    fileprivate var json: JSONTree {
        .object([
            "amount": .string(amount), "unit": .string(unit), "purpose": purpose.map { .string($0) },
        ])
    }
}
