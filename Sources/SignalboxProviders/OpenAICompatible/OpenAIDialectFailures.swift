import SignalboxCore

/// An error as the vendors' own rules look at it.
struct OpenAICompatibleError {
    let status: Int
    let body: OpenAICompatibleErrorBody
    /// The message's beginning in lower case.
    let message: String

    init(_ body: OpenAICompatibleErrorBody, status: Int) {
        self.body = body
        self.status = status
        message = (body.message ?? "").prefix(1_000).lowercased()
    }

    func says(_ words: String...) -> Bool {
        words.contains { message.contains($0) }
    }
}

/// What single vendors mean by an error, where it is not what OpenAI would.
enum OpenAIDialectFailures {
    /// A call without a key is 403 there.
    @Sendable static func cerebras(_ error: OpenAICompatibleError) -> FailureKind? {
        error.status == 403 && error.says("not authenticated") ? .keyRejected : nil
    }

    @Sendable static func mistral(_ error: OpenAICompatibleError) -> FailureKind? {
        if error.body.type == "invalid_model" || error.says("invalid model") { return .modelNotFound }
        if error.says("capacity exceeded") { return .overloaded }
        return nil
    }

    /// Its codes say `invalid_request_error` of everything: the words tell more.
    @Sendable static func deepSeek(_ error: OpenAICompatibleError) -> FailureKind? {
        if error.says("insufficient balance") { return .noCredit }
        if error.says("model not exist") { return .modelNotFound }
        if error.says("content exists risk") { return .contentFiltered }
        return nil
    }

    /// A gateway in front of it refuses bad keys in plain words.
    @Sendable static func deepSeekText(_ status: Int, _ text: String) -> FailureKind? {
        status == 401 && text.hasPrefix("authentication fails") ? .keyRejected : nil
    }

    /// A bad key is 400 there, credit is spoken of with 403 and 429, and so is content.
    @Sendable static func xAI(_ error: OpenAICompatibleError) -> FailureKind? {
        if error.says("incorrect api key") { return .keyRejected }
        switch error.status {
        case 403, 429:
            if error.says("api key is currently blocked", "api key is disabled") { return .keyRejected }
            if error.says("credits", "spending limit") { return .noCredit }
            if error.says("usage guidelines", "safety check") { return .contentFiltered }
            return nil
        default: return nil
        }
    }

    /// 403 is a budget where `metadata` names whose, and moderation where it says what was found.
    @Sendable static func openRouter(_ error: OpenAICompatibleError) -> FailureKind? {
        let metadata = error.body.metadata
        for text in metadata.values {
            if let code = OpenAICompatibleErrorCode(spelled: text) { return code.kind }
        }
        switch error.status {
        case 403:
            if metadata["limit_source"] != nil || error.says("key limit exceeded") { return .noCredit }
            let isModerated = metadata["reasons"] != nil || metadata["flagged_input"] != nil
            return isModerated || error.says("moderation", "flagged") ? .contentFiltered : .accessMissing
        case 400, 404:
            return error.says("not a valid model", "no endpoints found") ? .modelNotFound : nil
        default: return nil
        }
    }

    /// 403 is what too long a prompt gets there.
    @Sendable static func together(_ error: OpenAICompatibleError) -> FailureKind? {
        guard error.status == 403, error.body.knownCode == nil else { return nil }
        return error.says("permission", "not authorized", "access") ? .accessMissing : .contextTooLong
    }
}
