import SignalboxCore

/// What the probes of one vendor go by.
struct KeyVendor: Sendable {
    /// How a report calls it.
    let name: String
    /// Judges a reply that is not 2xx, as calls are judged.
    let failure: @Sendable (WholeReply) -> UpstreamFailure
    /// What the vendor's words mean where they mean something else than elsewhere.
    var ownState: @Sendable (UpstreamFailure) -> KeyState? = { _ in nil }
}

/// Turns failures into verdicts. Only a vendor's own refusal counts against a key.
enum KeyVerdict {
    static func report(_ failure: UpstreamFailure, of vendor: KeyVendor) -> KeyReport {
        let state = state(of: failure, vendor)
        return KeyReport(
            state, code: code(of: failure, state), message: failure.message, status: failure.status,
            providerCode: failure.code, retryAfter: failure.retryAfter, proof: proof(of: state),
            details: details(of: failure, state))
    }

    private static func state(of failure: UpstreamFailure, _ vendor: KeyVendor) -> KeyState {
        // Who cannot answer at the moment cannot refuse, whatever the body says.
        if let status = failure.status, status == 408 || status >= 500 { return .providerDown }
        let state = vendor.ownState(failure) ?? usual(failure)
        guard failure.status == 429 else { return state }
        switch state {
        case .noCredit, .spendLimit, .providerDown: return state
        case .valid, .invalid, .expired, .disabled, .missingScope, .wrongRegionOrFolder, .rateLimited,
            .unknown:
            return .rateLimited
        }
    }

    private static func usual(_ failure: UpstreamFailure) -> KeyState {
        let words = Words(failure)
        switch failure.kind {
        case .keyRejected:
            if words.say("deactivated", "disabled", "revoked", "suspended", "blocked", "leaked") {
                return .disabled
            }
            // "Invalid or expired" leaves it open.
            return words.say("expired") && !words.say("invalid ", "or expired") ? .expired : .invalid
        case .noCredit:
            if words.say("suspended") { return .disabled }
            return words.say(
                "spend limit", "spending limit", "spend_limit", "usage limit", "usage_limit", "key limit",
                "hard_limit", "weight_exceeds_budget", "monthly"
            ) ? .spendLimit : .noCredit
        case .accessMissing:
            // It may be either: nothing is known.
            if words.say("wrong api endpoint") { return .unknown }
            if words.say("suspended") { return .disabled }
            return words.say(
                "region", "country", "territory", "location is not supported", "folder", "ip address",
                "your ip") ? .wrongRegionOrFolder : .missingScope
        case .rateLimited: return .rateLimited
        case .unreachable, .timeout, .overloaded, .interrupted: return .providerDown
        case .modelNotFound, .contextTooLong, .contentFiltered, .invalidRequest, .malformedReply,
            .cancelled:
            return .unknown
        }
    }

    private static func code(of failure: UpstreamFailure, _ state: KeyState) -> KeyCode? {
        switch state {
        case .missingScope: return Words(failure).say("scope") ? .scopeMismatch : nil
        case .providerDown, .unknown: break
        case .valid, .invalid, .expired, .disabled, .wrongRegionOrFolder, .noCredit, .spendLimit,
            .rateLimited:
            return nil
        }
        switch failure.kind {
        case .unreachable, .timeout, .interrupted: return .networkTimeout
        case .invalidRequest: return .validationError
        case .overloaded, .rateLimited, .keyRejected, .noCredit, .accessMissing, .modelNotFound,
            .contextTooLong, .contentFiltered, .malformedReply, .cancelled:
            return nil
        }
    }

    /// What a state alone shows.
    static func proof(of state: KeyState) -> KeyProof {
        switch state {
        case .valid: KeyProof(exists: true)
        case .invalid: KeyProof(exists: false, mayGenerate: false)
        case .expired, .disabled, .noCredit, .spendLimit: KeyProof(exists: true, mayGenerate: false)
        // Which scope it lacks is another question than whether it may generate.
        case .missingScope, .wrongRegionOrFolder: KeyProof(exists: true)
        case .rateLimited, .providerDown, .unknown: KeyProof()
        }
    }

    private static func details(of failure: UpstreamFailure, _ state: KeyState) -> KeyDetails {
        var details = KeyDetails()
        guard state == .missingScope else { return details }
        // OpenAI: "Missing scopes: api.model.read, model.request. Check that …"
        let words = failure.message.split(separator: " ")
        let sign = zip(words, words.dropFirst()).enumerated().first {
            $0.element.0.lowercased() == "missing" && $0.element.1.lowercased() == "scopes:"
        }
        guard let sign else { return details }
        for word in words.dropFirst(sign.offset + 2) {
            let scope = word.split(separator: ",").first ?? ""
            details.missingScopes.append(String(scope.hasSuffix(".") ? scope.dropLast() : scope))
            if !word.hasSuffix(",") { break }
        }
        return details
    }

    /// A failure's words and code, in lower case.
    private struct Words {
        private let text: String

        init(_ failure: UpstreamFailure) {
            text = (failure.message + " " + (failure.code ?? "")).lowercased()
        }

        func say(_ phrases: String...) -> Bool {
            phrases.contains { text.contains($0) }
        }
    }
}
