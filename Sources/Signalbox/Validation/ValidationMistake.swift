public import SignalboxProviders

/// Why a key was not asked about. Never contains the key.
public enum ValidationMistake: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind calls nobody who could be asked.
    case noProvider(ProviderKind)
    /// The kind has no address of its own, and none was given.
    case baseURLMissing(ProviderKind)
    /// What was given is no `http` or `https` address.
    case addressMalformed
    /// The kind needs a folder, and none was given.
    case folderMissing(ProviderKind)
    /// It is not within ``Validators/timeouts``.
    case timeoutOutOfRange
    /// More than ``Validators/modelsMax``.
    case tooManyModels
    /// ``Validators/inFlightMax`` are under way.
    case busy

    public var description: String {
        switch self {
        case .noProvider(let kind): "the kind \(kind.rawValue) calls no provider that could be asked"
        case .baseURLMissing(let kind): "the kind \(kind.rawValue) has no address of its own: give a base URL"
        case .addressMalformed: "the address is none, such as https://api.example.com/v1"
        case .folderMissing(let kind): "the kind \(kind.rawValue) needs a folder"
        case .timeoutOutOfRange: "the timeout is not from 100 ms to 60 s"
        case .tooManyModels: "more than \(Validators.modelsMax) models were named"
        case .busy: "\(Validators.inFlightMax) keys are asked about already: try again in a moment"
        }
    }

    init(_ error: ProviderSettingsError) {
        switch error {
        case .baseURLMissing(let kind): self = .baseURLMissing(kind)
        case .folderMissing(let kind): self = .folderMissing(kind)
        case .notBuilt(let kind): self = .noProvider(kind)
        }
    }
}

/// Keys that cannot be asked about, for want of a thread or a descriptor.
public struct ValidatorsError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
