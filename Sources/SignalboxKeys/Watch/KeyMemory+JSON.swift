import SignalboxCore

extension KeyMemory {
    private static let version = 1

    /// Nil for what is not as this version writes it. An entry that is not is left out: its key is checked
    /// anew.
    init?(_ tree: JSONTree) {
        guard tree["version"]?.integer == KeyMemory.version,
            let salt = tree["salt"]?.string.flatMap(KeyMemory.bytes(hexadecimal:)),
            salt.count == KeyMemory.saltBytes, let keys = tree["keys"]?.elements
        else { return nil }
        self.init(salt: salt, keys.compactMap(KeyMemory.entry))
    }

    static func tree(_ recollection: [KeyRecollection], salt: [UInt8]) -> JSONTree {
        .object([
            "version": .integer(version), "salt": .string(hexadecimal(salt)),
            "keys": .array(recollection.map { tree($0, salt: salt) }),
        ])
    }

    private static func tree(_ one: KeyRecollection, salt: [UInt8]) -> JSONTree {
        .object([
            "provider": .string(one.name.provider), "kind": .string(one.kind),
            "key": .string(one.name.alias),
            "fingerprint": .string(fingerprint(of: one.secret, salt: salt)),
            "standing": one.judgement.standing?.tree, "latest": one.judgement.latest?.tree,
            "doubt": (one.judgement.doubt?.rawValue).map(JSONTree.string),
            "checked": one.lastCheck?.tree, "verified": one.lastGoodCheck?.tree, "due": one.due.tree,
        ])
    }

    private static func entry(_ tree: JSONTree) -> Entry? {
        guard let provider = tree["provider"]?.string, let kind = tree["kind"]?.string,
            let alias = tree["key"]?.string, let fingerprint = tree["fingerprint"]?.string,
            let due = WallTime(tree["due"])
        else { return nil }
        let judgement = KeyJudgement(
            standing: tree["standing"].flatMap(KeyReport.init),
            latest: tree["latest"].flatMap(KeyReport.init),
            doubt: tree["doubt"]?.string.flatMap(KeyState.init))
        return Entry(
            fingerprint: fingerprint,
            recollection: KeyRecollection(
                name: KeyName(provider: provider, alias: alias), kind: kind, secret: nil,
                judgement: judgement, lastCheck: WallTime(tree["checked"]),
                lastGoodCheck: WallTime(tree["verified"]), due: due))
    }
}

extension KeyReport {
    /// Without models, and of longer lists the beginning: enough to go on from.
    fileprivate var tree: JSONTree {
        .object([
            "state": .string(state.rawValue), "code": .string(code.rawValue), "message": .string(message),
            "status": status.map(JSONTree.integer), "provider_code": providerCode.map(JSONTree.string),
            "request_id": requestID.map(JSONTree.string),
            "exists": proof.exists.map(JSONTree.bool), "may_generate": proof.mayGenerate.map(JSONTree.bool),
            "scopes": KeyReport.list(details.scopes), "missing_scopes": KeyReport.list(details.missingScopes),
            "balances": details.balances.isEmpty
                ? nil : .array(details.balances.prefix(KeyReport.keptMax).map(\.tree)),
            "limit_remaining": details.limitRemaining?.tree, "expires": details.expiresAt?.tree,
            "organisation": details.organisation.map(JSONTree.string),
        ])
    }

    private static let keptMax = 50

    private static func list(_ texts: [String]) -> JSONTree? {
        texts.isEmpty ? nil : .strings(Array(texts.prefix(keptMax)))
    }

    private static func texts(_ tree: JSONTree?) -> [String] {
        (tree?.elements ?? []).compactMap(\.string)
    }

    fileprivate init?(_ tree: JSONTree) {
        guard let state = tree["state"]?.string.flatMap(KeyState.init),
            let code = tree["code"]?.string.flatMap(KeyCode.init), let message = tree["message"]?.string
        else { return nil }
        var details = KeyDetails()
        details.scopes = KeyReport.texts(tree["scopes"])
        details.missingScopes = KeyReport.texts(tree["missing_scopes"])
        details.balances = (tree["balances"]?.elements ?? []).compactMap(KeyBalance.init)
        details.limitRemaining = tree["limit_remaining"].flatMap(KeyBalance.init)
        details.expiresAt = WallTime(tree["expires"])
        details.organisation = tree["organisation"]?.string
        self.init(
            state, code: code, message: message, status: tree["status"]?.integer,
            providerCode: tree["provider_code"]?.string, requestID: tree["request_id"]?.string,
            proof: KeyProof(exists: tree["exists"]?.bool, mayGenerate: tree["may_generate"]?.bool),
            details: details)
    }
}

extension KeyBalance {
    fileprivate var tree: JSONTree {
        .object([
            "amount": .string(amount), "unit": .string(unit), "purpose": purpose.map(JSONTree.string),
        ])
    }

    fileprivate init?(_ tree: JSONTree) {
        guard let amount = tree["amount"]?.string, let unit = tree["unit"]?.string else { return nil }
        self.init(amount: amount, unit: unit, purpose: tree["purpose"]?.string)
    }
}

extension WallTime {
    fileprivate var tree: JSONTree { .string(InternetDate.print(self)) }

    fileprivate init?(_ tree: JSONTree?) {
        guard let time = tree?.string.flatMap({ InternetDate.parse($0) }) else { return nil }
        self = time
    }
}
