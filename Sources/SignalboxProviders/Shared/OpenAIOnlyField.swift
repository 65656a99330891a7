/// Top-level fields of OpenAI's requests that no other vendor knows, as a closed list: what a translation
/// does with them is decided once.
enum OpenAIOnlyField: String, Sendable, CaseIterable {
    case metadata
    case store
    case promptCacheKey = "prompt_cache_key"
    case promptCacheRetention = "prompt_cache_retention"
    case safetyIdentifier = "safety_identifier"
    case serviceTier = "service_tier"
    case audio
    case modalities
    case prediction
    case verbosity
    case webSearchOptions = "web_search_options"
    case functions
    case functionCall = "function_call"

    /// Whether it is for the vendor's own books: an answer without it is the same answer, so that leaving it
    /// out refuses nobody anything.
    var isBookkeeping: Bool {
        switch self {
        case .metadata, .store, .promptCacheKey, .promptCacheRetention, .safetyIdentifier, .serviceTier: true
        case .audio, .modalities, .prediction, .verbosity, .webSearchOptions, .functions, .functionCall: false
        }
    }
}
