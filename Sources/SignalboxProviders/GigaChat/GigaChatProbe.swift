import SignalboxCore

/// Judges a key by asking for a token, scope after scope, and then with the token for the models and the
/// balance.
///
/// ```
///          code 7, another scope left
///            ┌────┐
///  token ────┴────┴──▶ models ──▶ balance ──▶ done
///    └── any other refusal, or silence ──▶ done
/// ```
struct GigaChatProbe: KeyProbe {
    private enum Step {
        case token(scope: Int)
        case models(token: Secret)
        case balance(token: Secret)
    }

    private let session: GigaChatSession
    private let scopes: [String]
    private let baseURL: String
    private let key: Secret?
    private var step = Step.token(scope: 0)
    private var report = KeyReport(.valid, message: "")

    private static let vendor = KeyVendor(
        name: "GigaChat", failure: GigaChatFailure.judge)

    init(baseURL: String, tokenURL: String, key: Secret?, scope: GigaChatScope) {
        session = GigaChatSession(url: tokenURL, key: key ?? Secret(""), scope: scope)
        scopes = scope.names
        self.baseURL = baseURL
        self.key = key
    }

    mutating func begin() -> KeyProbeStep {
        if let mistake = KeyProbing.mistake(in: key, isNeeded: true) { return .done(mistake) }
        return ask()
    }

    private func ask() -> KeyProbeStep {
        switch step {
        case .token(let scope):
            let progress = KeyProbeProgress(scope: scopes[scope], current: scope + 1, total: scopes.count)
            return .ask(
                KeyProbeRequest(
                    .post, session.url, headers: session.headers, body: session.bodies[scope],
                    requestIDHeader: session.requestIDHeader, progress: progress))
        case .models(let token): return get("/models", token)
        case .balance(let token): return get("/balance", token)
        }
    }

    private func get(_ path: String, _ token: Secret) -> KeyProbeStep {
        .ask(KeyProbeRequest(.get, baseURL + path, headers: [session.authorization(token)]))
    }

    mutating func take(_ outcome: KeyProbeOutcome) -> KeyProbeStep {
        switch step {
        case .token(let scope): takeToken(outcome, scope)
        case .models(let token): takeModels(outcome, token)
        case .balance(let token): takeBalance(outcome, token)
        }
    }

    // MARK: Token

    private mutating func takeToken(_ outcome: KeyProbeOutcome, _ scope: Int) -> KeyProbeStep {
        report.details.attempts = scope + 1
        switch outcome {
        case .failure(let failure): return finish(failure, nil)
        case .reply(let reply):
            switch session.judge(reply) {
            case .token(let token, _):
                report.details.scopes = [scopes[scope]]
                report.proof.exists = true
                note(reply)
                step = .models(token: token)
                return ask()
            case .otherBody(let failure):
                guard scope + 1 < scopes.count else { return finish(without: failure, reply) }
                step = .token(scope: scope + 1)
                return ask()
            case .failure(let failure): return finish(failure, reply)
            }
        }
    }

    /// None of the scopes is the key's.
    private func finish(without failure: UpstreamFailure, _ reply: WholeReply) -> KeyProbeStep {
        var found = KeyVerdict.report(failure, of: Self.vendor)
        // A server that cannot answer may say code 7, too.
        if found.state == .missingScope {
            found.code = .scopeMismatch
            found.details.missingScopes = scopes
            found.message =
                scopes.count == 1
                ? "the key does not have the scope \(scopes[0])"
                : "the key has none of the scopes \(scopes.joined(separator: ", "))"
        }
        return finish(found, reply)
    }

    private func finish(_ failure: UpstreamFailure, _ reply: WholeReply?) -> KeyProbeStep {
        var found = KeyVerdict.report(failure, of: Self.vendor)
        // The scope that was asked for was not understood: that says nothing of which one the key has.
        let malformed = [GigaChatCode.scopeMalformed.label, GigaChatCode.scopeEmpty.label]
        if found.state == .missingScope, malformed.contains(failure.code ?? "") {
            found.code = .validationError
        }
        return finish(found, reply)
    }

    private func finish(_ found: KeyReport, _ reply: WholeReply?) -> KeyProbeStep {
        var found = found
        found.requestID = reply.flatMap(KeyProbing.requestID)
        found.details.attempts = report.details.attempts
        return .done(KeyRedaction([key]).clean(found))
    }

    // MARK: What the token opens

    private mutating func takeModels(_ outcome: KeyProbeOutcome, _ token: Secret) -> KeyProbeStep {
        if let refusal = refusal(outcome, token) { return refusal }
        if let list = good(outcome)?["data"]?.elements {
            report.details.models = KeyProbing.names(list, "id")
        }
        step = .balance(token: token)
        return ask()
    }

    /// `{"balance": [{"usage", "value"}]}`; 403 where the customer pays afterwards.
    private mutating func takeBalance(_ outcome: KeyProbeOutcome, _ token: Secret) -> KeyProbeStep {
        if status(outcome) != 403, let refusal = refusal(outcome, token) { return refusal }
        report.details.balances = (good(outcome)?["balance"]?.elements ?? []).prefix(KeyDetails.listMax)
            .compactMap { entry in
                guard let amount = KeyProbing.amount(entry["value"]) else { return nil }
                return KeyBalance(amount: amount, unit: "tokens", purpose: entry["usage"]?.string)
            }
        report.message = KeyProbing.sentence(report, Self.vendor.name, hasKey: true)
        return .done(KeyRedaction([key, token]).clean(report))
    }

    /// Nil where nothing was refused. A token that was given out is not known to be bad: its key is good.
    private func refusal(_ outcome: KeyProbeOutcome, _ token: Secret) -> KeyProbeStep? {
        guard case .reply(let reply) = outcome, !(200...299 ~= reply.status) else { return nil }
        var found = KeyVerdict.report(GigaChatFailure.judge(reply), of: Self.vendor)
        switch found.state {
        case .noCredit, .spendLimit, .missingScope, .disabled, .wrongRegionOrFolder: break
        case .valid, .invalid, .expired, .rateLimited, .providerDown, .unknown: return nil
        }
        found.requestID = KeyProbing.requestID(of: reply)
        found.proof = KeyProof(exists: true, mayGenerate: false)
        found.details = report.details
        return .done(KeyRedaction([key, token]).clean(found))
    }

    private func good(_ outcome: KeyProbeOutcome) -> JSONTree? {
        guard case .reply(let reply) = outcome, 200...299 ~= reply.status else { return nil }
        return KeyProbing.json(reply)
    }

    private func status(_ outcome: KeyProbeOutcome) -> Int? {
        if case .reply(let reply) = outcome { reply.status } else { nil }
    }

    private mutating func note(_ reply: WholeReply) {
        report.status = reply.status
        report.requestID = KeyProbing.requestID(of: reply)
    }
}
