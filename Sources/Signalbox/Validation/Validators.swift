public import SignalboxConfig
public import SignalboxCore
package import SignalboxKeys
public import SignalboxProviders
import Synchronization

/// Asks providers whether a key is good, and for what. It costs no tokens.
///
///     let validators = try Validators()
///     let found = try await validators.validate(.openai, key: Secret(key))
///     print(found.verdict, found.report.state, found.report.message)
///     …
///     await validators.shutdown()
///
/// A verdict against the key is asked for twice: ``KeyValidation/isConfirmed`` says whether both agreed. It
/// has a thread and connections of its own; a check is cancelled with the task that waits for it.
public final class Validators: Sendable {
    /// Checks at once; a further one is refused with ``ValidationMistake/busy``.
    public static let inFlightMax = 16
    /// Models that may be asked after together with a key.
    public static let modelsMax = 100
    /// What a check may be given.
    public static let timeouts: ClosedRange<Duration> = .milliseconds(100) ... .seconds(60)

    public typealias Progress = @Sendable (KeyProbeProgress) -> Void

    private let inquirer: KeyInquirer
    private let isShared: Bool
    private let time: any TimeSource
    private let inFlight = Mutex(0)

    /// - Throws: where the system gives no thread or no descriptor.
    public init(time: any TimeSource = SystemTime()) throws(ValidatorsError) {
        self.time = time
        isShared = false
        do throws(KeyInquirerError) {
            inquirer = try KeyInquirer(time: time)
            try inquirer.start()
        } catch {
            throw ValidatorsError(description: error.description)
        }
    }

    /// Asks through one that is somebody else's, to start and to end.
    package init(sharing inquirer: KeyInquirer, time: any TimeSource) {
        self.inquirer = inquirer
        self.time = time
        isShared = true
    }

    /// Ends what is under way, as ``KeyState/unknown``, and the thread. Once.
    public func shutdown() async {
        if !isShared { await inquirer.shutdown() }
    }

    // MARK: Asking

    /// Asks the provider itself, at its own address unless another is given.
    /// - Parameters:
    ///   - scope: only for `gigachat`; nil tries all of them.
    ///   - folder: only for `yandexgpt`, which needs it.
    ///   - baseURL: such as `https://api.example.com/v1`; `openai-compatible` needs one.
    ///   - tokenURL: only for `gigachat`: where it gives out tokens.
    ///   - models: asked after as well, where the key is good and the provider can be asked for nothing.
    ///   - timeout: for each check, within ``timeouts``. Two are made of a key that is refused.
    ///   - authorityFile: a PEM file of certificate authorities to trust instead of the system's.
    ///   - progress: told of each scope that is tried, as that begins; on a thread of the validators'.
    /// - Throws: what keeps the provider from being asked at all. Whatever goes wrong in asking is a report.
    public func validate(
        _ kind: ProviderKind, key: Secret, scope: GigaChatScope? = nil, folder: String? = nil,
        baseURL: String? = nil, tokenURL: String? = nil, models: [String] = [],
        timeout: Duration = .seconds(10), authorityFile: String? = nil, progress: Progress? = nil
    ) async throws(ValidationMistake) -> KeyValidation {
        var settings = ProviderSettings(baseURL: try Self.address(baseURL))
        settings.tokenURL = try Self.address(tokenURL)
        settings.scope = scope ?? .auto
        settings.folder = folder
        let subject = try ValidationSubject(kind, settings, key: key, authorityFile: authorityFile)
        return try await validate(subject, models, timeout, progress)
    }

    /// Asks as a configured provider is called: at its address, with its headers and authorities.
    /// - Parameters:
    ///   - key: one of the provider's, or another. Nil for a provider that wants none.
    ///   - scope: in place of the configured one.
    ///   - folder: in place of the configured one.
    public func validate(
        _ provider: Configuration.Provider, key: Secret?, scope: GigaChatScope? = nil,
        folder: String? = nil, models: [String] = [], timeout: Duration = .seconds(10),
        progress: Progress? = nil
    ) async throws(ValidationMistake) -> KeyValidation {
        let subject = try ValidationSubject(provider, key: key, scope: scope, folder: folder)
        return try await validate(subject, models, timeout, progress)
    }

    /// Reads a key of Amazon Bedrock, which nobody is asked about: see ``BedrockKey``.
    public func validate(bedrock key: Secret) -> KeyValidation {
        let report = BedrockKey.report(of: key, at: time.wallTime())
        return KeyValidation(
            provider: Self.bedrock, report: report, isConfirmed: report.state.weight == .bad,
            elapsed: .zero, requests: 0)
    }

    /// What stands for ``BedrockKey``s among the kinds.
    public static let bedrock = "bedrock"

    private static func address(_ text: String?) throws(ValidationMistake) -> String? {
        guard let text else { return nil }
        guard let url = BaseURL(text) else { throw .addressMalformed }
        return url.text
    }

    // MARK: The walk

    private func validate(
        _ subject: ValidationSubject, _ models: [String], _ timeout: Duration, _ progress: Progress?
    ) async throws(ValidationMistake) -> KeyValidation {
        guard Self.timeouts.contains(timeout) else { throw .timeoutOutOfRange }
        guard models.count <= Self.modelsMax else { throw .tooManyModels }
        guard enter() else { throw .busy }
        defer { inFlight.withLock { $0 -= 1 } }
        let question = subject.question(models, timeout: timeout)
        let first = await inquirer.ask(question, progress: progress)
        var found = KeyValidation(
            provider: subject.provider, report: first.report,
            isConfirmed: first.report.state.weight == .good, elapsed: first.elapsed,
            requests: first.requests)
        if first.report.state.weight == .bad, !Task.isCancelled {
            found.take(second: await inquirer.ask(question, progress: nil))
        }
        for model in models {
            let standing = await standing(of: model, subject, &found, timeout)
            found.models.append(standing)
        }
        return found
    }

    private func enter() -> Bool {
        inFlight.withLock { count in
            guard count < Self.inFlightMax else { return false }
            count += 1
            return true
        }
    }

    /// Asked by its name where the list leaves it open; or lists models that may be denied, as Gemini's does.
    private func standing(
        of model: String, _ subject: ValidationSubject, _ found: inout KeyValidation, _ timeout: Duration
    ) async -> ModelStanding {
        guard found.verdict == .good, !Task.isCancelled else {
            return ModelStanding(model: model, access: .notTold)
        }
        let isListed = ModelStanding.listed(model, in: found.report, of: subject.kind)
        if isListed, subject.kind != .gemini { return ModelStanding(model: model, access: .listed) }
        if let question = subject.question(after: model, timeout: timeout) {
            let answer = await inquirer.ask(question)
            found.elapsed += answer.elapsed
            found.requests += answer.requests
            return ModelStanding(model, answer.report)
        }
        let list = found.report.details.models
        let isWhole = !list.isEmpty && list.count < KeyDetails.listMax
        return ModelStanding(model: model, access: isWhole ? .notListed : .notTold)
    }
}

extension KeyValidation {
    /// A good verdict is believed at once, the same one twice as well. Else the first one stands,
    /// unconfirmed.
    fileprivate mutating func take(second: KeyAnswer) {
        elapsed += second.elapsed
        requests += second.requests
        switch second.report.state.weight {
        case .nothing: return
        case .good: isConfirmed = true
        case .bad: isConfirmed = second.report.state == report.state
        }
        report = second.report
    }
}
