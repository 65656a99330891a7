import SignalboxCore

/// Why a candidate ended, as Gemini names it (`Candidate.FinishReason`).
enum GeminiFinish: String, CaseIterable {
    case stop = "STOP"
    case maxTokens = "MAX_TOKENS"
    /// The answer may be continued by a token of Gemini's own: for everybody else it was cut.
    case continuation = "CONTINUATION"
    case safety = "SAFETY"
    case recitation = "RECITATION"
    case language = "LANGUAGE"
    case blocklist = "BLOCKLIST"
    case prohibitedContent = "PROHIBITED_CONTENT"
    case personalInformation = "SPII"
    case imageSafety = "IMAGE_SAFETY"
    case imageProhibitedContent = "IMAGE_PROHIBITED_CONTENT"
    case imageRecitation = "IMAGE_RECITATION"
    case escalation = "ESCALATION"
    case modelArmor = "MODEL_ARMOR"
    case malformedFunctionCall = "MALFORMED_FUNCTION_CALL"
    case unexpectedToolCall = "UNEXPECTED_TOOL_CALL"
    case tooManyToolCalls = "TOO_MANY_TOOL_CALLS"
    case malformedResponse = "MALFORMED_RESPONSE"
    case noImage = "NO_IMAGE"
    case imageOther = "IMAGE_OTHER"
    case other = "OTHER"
    case missingThoughtSignature = "MISSING_THOUGHT_SIGNATURE"
    case accountLimited = "PUP_LIMITED_DISABLED"

    /// What becomes of an answer that ended so. One that ended for a reason we do not know is not known to be
    /// whole: it fails, as does one that the model made badly.
    static func judge(_ name: String, hasToolCalls: Bool) -> Result<FinishReason, UpstreamFailure> {
        switch GeminiFinish(rawValue: name) {
        case .stop: .success(hasToolCalls ? .toolCalls : .stop)
        case .maxTokens, .continuation: .success(.length)
        case .safety, .recitation, .language, .blocklist, .prohibitedContent, .personalInformation,
            .imageSafety, .imageProhibitedContent, .imageRecitation, .escalation, .modelArmor:
            .success(.contentFilter)
        case .malformedFunctionCall, .unexpectedToolCall, .tooManyToolCalls, .malformedResponse, .noImage,
            .imageOther, .other, nil:
            .failure(failure(.malformedReply, name))
        case .missingThoughtSignature: .failure(failure(.invalidRequest, name))
        case .accountLimited: .failure(failure(.accessMissing, name))
        }
    }

    private static func failure(_ kind: FailureKind, _ name: String) -> UpstreamFailure {
        let name = Redaction.clean(name)
        return UpstreamFailure(
            kind, message: "the model ended its answer with \(name)", status: 200,
            code: String(name.prefix(64)))
    }
}
