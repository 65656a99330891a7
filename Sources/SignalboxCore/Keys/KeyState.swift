/// What is known of a key. The raw values are those of the `state` label and field: add, never rename.
public enum KeyState: String, Sendable, Hashable, CaseIterable {
    case valid
    case invalid
    case expired
    /// Blocked or deactivated: the key itself, or the account behind it.
    case disabled
    /// The key is good, and lacks a scope, a role or a plan.
    case missingScope = "missing_scope"
    /// The key is good, and may not be used from here, or for this folder.
    case wrongRegionOrFolder = "wrong_region_or_folder"
    case noCredit = "no_credit"
    /// There may be credit, but a limit that somebody has set is reached.
    case spendLimit = "spend_limit"
    case rateLimited = "rate_limited"
    case providerDown = "provider_down"
    /// Nothing was learnt: whoever answered said nothing that is known to mean something.
    case unknown

    /// What a single check says of the key.
    public var weight: Weight {
        switch self {
        case .valid: .good
        case .invalid, .expired, .disabled, .missingScope, .wrongRegionOrFolder, .noCredit, .spendLimit:
            .bad
        case .rateLimited, .providerDown, .unknown: .nothing
        }
    }

    public enum Weight: Sendable, Hashable {
        case good
        /// The provider's own word against the key, for the work that it is wanted for.
        case bad
        /// No word about the key at all.
        case nothing
    }
}

/// The answer of a check in the codes of an older API, which scripts know: add, never rename.
public enum KeyCode: String, Sendable, Hashable, CaseIterable {
    case success = "SUCCESS"
    case invalidKey = "INVALID_API_KEY"
    case scopeMismatch = "SCOPE_MISMATCH"
    case permissionDenied = "PERMISSION_DENIED"
    case rateLimitExceeded = "RATE_LIMIT_EXCEEDED"
    case networkTimeout = "NETWORK_TIMEOUT"
    case providerError = "PROVIDER_ERROR"
    /// Nothing could be asked, or what was asked was not understood.
    case validationError = "VALIDATION_ERROR"

    /// What a state is called where nothing more is known.
    public init(_ state: KeyState) {
        switch state {
        case .valid: self = .success
        case .invalid, .expired, .disabled: self = .invalidKey
        case .missingScope, .wrongRegionOrFolder, .noCredit, .spendLimit: self = .permissionDenied
        case .rateLimited: self = .rateLimitExceeded
        case .providerDown, .unknown: self = .providerError
        }
    }
}
