extension KeyReport {
    /// For people's programs, under names that are only ever added to. What is not known is not there.
    public var members: [JSONTree.Member] {
        let tree = JSONTree.object([
            "state": .string(state.rawValue), "code": .string(code.rawValue), "message": .string(message),
            "key_exists": proof.exists.map(JSONTree.bool),
            "may_generate": proof.mayGenerate.map(JSONTree.bool), "status": status.map(JSONTree.integer),
            "provider_code": providerCode.map(JSONTree.string),
            "request_id": requestID.map(JSONTree.string), "retry_after": retryAfter.map(Self.seconds),
        ])
        return (tree.members ?? []) + (details.json.members ?? [])
    }

    /// Whole ones without a fraction.
    private static func seconds(_ duration: Duration) -> JSONTree {
        let milliseconds = duration.nanoseconds / 1_000_000
        return milliseconds % 1_000 == 0
            ? .integer(Int(milliseconds / 1_000)) : .double(Double(milliseconds) / 1_000)
    }
}

extension KeyDetails {
    /// An object of what was told.
    fileprivate var json: JSONTree {
        func list(_ texts: [String]) -> JSONTree? { texts.isEmpty ? nil : .strings(texts) }
        return .object([
            "scopes": list(scopes), "missing_scopes": list(missingScopes), "models": list(models),
            "missing_models": list(missingModels),
            "balances": balances.isEmpty ? nil : .array(balances.map(\.json)),
            "limit_remaining": limitRemaining?.json,
            "expires_at": expiresAt.map { .string(InternetDate.print($0)) },
            "organisation": organisation.map(JSONTree.string), "region": region.map(JSONTree.string),
        ])
    }
}

extension KeyBalance {
    fileprivate var json: JSONTree {
        .object(["amount": .string(amount), "unit": .string(unit), "purpose": purpose.map(JSONTree.string)])
    }
}
