import SignalboxCore

/// Where a vendor of the family tells most of a key for nothing.
enum OpenAIKeyCheck: Sendable {
    /// Its models are listed to those only who have a key.
    case models
    /// The same is likely, and seen to be so by asking without the key.
    case modelsCompared
    /// DeepSeek's: the models, then the balance.
    case balance
    /// xAI's `/api-key`.
    case apiKey
    /// OpenRouter's `/key`: its models are listed to everybody.
    case keyLimits
}

/// Judges a key of a vendor of the family.
enum OpenAICompatibleProbe {
    typealias Ask = @Sendable (_ path: String, _ key: Secret?) -> KeyProbeRequest

    static func make(_ dialect: OpenAIDialect, key: Secret?, ask: @escaping Ask) -> StagedProbe {
        let hasKey = key.map { !$0.isEmpty } ?? false
        let stages: [StagedProbe.Stage]
        switch dialect.keyCheck {
        case .models: stages = [models(key, ask)]
        case .modelsCompared:
            let control = StagedProbe.Stage(role: .control, request: { _ in ask("/models", nil) })
            stages = hasKey ? [models(key, ask), control] : [models(nil, ask)]
        case .balance:
            stages = [
                models(key, ask),
                StagedProbe.Stage(
                    role: .detail, request: { _ in ask("/user/balance", key) }, read: readBalance),
            ]
        case .apiKey: stages = [.init(request: { _ in ask("/api-key", key) }, read: readAPIKey)]
        case .keyLimits: stages = [.init(request: { _ in ask("/key", key) }, read: readKeyLimits)]
        }
        return StagedProbe(
            vendor(dialect), key: hasKey ? key : nil, isKeyNeeded: dialect.isKeyNeeded, stages: stages)
    }

    /// Nil where single models are not told of, or told of to everybody.
    static func make(_ dialect: OpenAIDialect, key: Secret?, model: String, ask: Ask) -> ModelProbe? {
        switch dialect.keyCheck {
        case .models, .modelsCompared, .apiKey: break
        case .balance, .keyLimits: return nil
        }
        return ModelProbe.path(of: model).map { path in
            ModelProbe(
                vendor: vendor(dialect), key: key, isKeyNeeded: dialect.isKeyNeeded, model: model,
                request: ask("/models/" + path, key), isTold: { $0["id"]?.string?.isEmpty == false })
        }
    }

    private static func vendor(_ dialect: OpenAIDialect) -> KeyVendor {
        KeyVendor(
            name: dialect.name, failure: { OpenAICompatibleFailure.judge($0, dialect) },
            ownState: { OpenAIKeyStates.own($0, dialect) })
    }

    private static func models(_ key: Secret?, _ ask: @escaping Ask) -> StagedProbe.Stage {
        StagedProbe.Stage(request: { _ in ask("/models", key) }) { tree, report in
            guard let list = tree["data"]?.elements ?? bareList(tree) else { return false }
            report.details.models = KeyProbing.names(list, "id")
            if key == nil { report.proof.exists = nil }
            return true
        }
    }

    /// One vendor lists them without a wrapper. Just any list is none of models.
    private static func bareList(_ tree: JSONTree) -> [JSONTree]? {
        tree.elements.flatMap { KeyProbing.names($0, "id").isEmpty ? nil : $0 }
    }

    /// `{"is_available", "balance_infos": [{"currency", "total_balance"}]}`
    @Sendable private static func readBalance(_ tree: JSONTree, _ report: inout KeyReport) -> Bool {
        guard let isAvailable = tree["is_available"]?.bool else { return false }
        report.details.balances = (tree["balance_infos"]?.elements ?? []).prefix(KeyDetails.listMax)
            .compactMap { info in
                guard let amount = KeyProbing.amount(info["total_balance"]) else { return nil }
                return KeyBalance(amount: amount, unit: info["currency"]?.string ?? "")
            }
        report.proof.mayGenerate = isAvailable
        if !isAvailable {
            refuse(&report, .noCredit, "the balance does not suffice for calls")
        }
        return true
    }

    /// `{"acls", "team_id", "team_blocked", "api_key_blocked", "api_key_disabled"}`; the gRPC form says
    /// `disabled`.
    @Sendable private static func readAPIKey(_ tree: JSONTree, _ report: inout KeyReport) -> Bool {
        let flags = ["api_key_blocked", "api_key_disabled", "disabled", "team_blocked"]
        guard
            tree["acls"] != nil || tree["redacted_api_key"] != nil
                || flags.contains(where: { tree[$0] != nil })
        else { return false }
        report.details.scopes = KeyProbing.texts(tree["acls"]?.elements ?? [])
        report.details.organisation = tree["team_id"]?.string.map { String($0.prefix(200)) }
        if let flag = flags.first(where: { tree[$0]?.bool == true }) {
            refuse(&report, .disabled, "the provider says \(flag)")
        }
        return true
    }

    /// `{"data": {"limit", "limit_remaining", "expires_at", …}}`, in US dollars.
    @Sendable private static func readKeyLimits(_ tree: JSONTree, _ report: inout KeyReport) -> Bool {
        let told = ["label", "limit", "limit_remaining", "usage", "is_free_tier"]
        guard let data = tree["data"], told.contains(where: { data[$0] != nil }) else { return false }
        let left = KeyProbing.amount(data["limit_remaining"]).flatMap { KeyBalance(amount: $0, unit: "USD") }
        report.details.limitRemaining = left
        report.details.expiresAt = data["expires_at"]?.string.flatMap { InternetDate.parse($0) }
        if let left, left.units <= 0 {
            refuse(&report, .spendLimit, "nothing is left of the key's limit")
        }
        return true
    }

    private static func refuse(_ report: inout KeyReport, _ state: KeyState, _ message: String) {
        report.state = state
        report.code = KeyCode(state)
        report.message = message
        report.proof = KeyVerdict.proof(of: state)
    }
}

/// What the family's refusals say of a key.
enum OpenAIKeyStates {
    static func own(_ failure: UpstreamFailure, _ dialect: OpenAIDialect) -> KeyState? {
        switch dialect.keyCheck {
        // A budget is all that 403 says of money there.
        case .keyLimits: failure.status == 403 && failure.kind == .noCredit ? .spendLimit : nil
        case .models, .modelsCompared, .balance, .apiKey:
            // Groq's word for an organization that was shut out.
            failure.status == 400 && (failure.code ?? "").hasPrefix("organization_restricted")
                ? .disabled : nil
        }
    }
}
