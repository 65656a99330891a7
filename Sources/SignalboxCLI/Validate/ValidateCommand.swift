import ArgumentParser
import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders

/// `signalbox validate`
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Asks providers whether keys are good, and for what. Costs no tokens.",
        discussion: """
            With a kind, one key: it is asked for without being shown, or taken from --env or --stdin. With \
            --all, every key of the configuration. Kinds: \(KeyKind.list).

            A key that is refused is asked about twice; only what is said both times counts against it. \
            Nothing is asked about a key of bedrock: it is read.

            Exits with 0 if all are good, 1 if one is bad, 3 if of one nothing is known (and none is bad), \
            2 if the configuration or the command line is wrong.
            """)

    @Argument(help: "The kind of provider that the key is for.")
    var kind: String?

    /// Caught here, so that no message repeats it.
    @Argument(help: .hidden)
    var rest: [String] = []

    @Option(name: [.customLong("key"), .customLong("api-key")], help: .hidden)
    var key: String?

    @Flag(help: "Ask about every key of the configuration.")
    var all = false

    @Option(name: [.short, .long], help: "With --all: the configuration file.")
    var config: String?

    @Flag(help: "With --all: say of every configured model whether each key may name it.")
    var models = false

    @Option(
        name: .customLong("concurrency"),
        help: "With --all: keys of one provider that are asked about at once, 1 to 16. Default: 1.")
    var concurrencyText: String?

    @OptionGroup var input: KeyInput
    @OptionGroup var place: KeyPlaceOptions

    @Option(
        name: .customLong("model"),
        help: "Say of this model, too, whether the key may name it; may be given again.")
    var asked: [String] = []

    @Option(
        name: .customLong("timeout"), help: "Seconds for one check of a key, 0.1 to 60. Default: 10.")
    var timeoutText: String?

    @Flag(help: "Print what was found as JSON.")
    var json = false

    func validate() throws {
        guard key == nil, rest.isEmpty else { throw ValidationError(KeyInput.remedy) }
        _ = try timeout
        _ = try concurrency
        guard asked.count <= Validators.modelsMax else {
            throw ValidationError("--model may be given \(Validators.modelsMax) times.")
        }
        if all {
            guard kind == nil, !input.isGiven, !place.isGiven, asked.isEmpty else {
                throw ValidationError(
                    "--all asks about the configuration's keys, as it says: leave out what is about one.")
            }
        } else {
            guard config == nil, !models, concurrencyText == nil else {
                throw ValidationError("--config, --models and --concurrency go with --all.")
            }
            guard let kind else {
                throw ValidationError("Name the kind of provider that the key is for, or say --all.")
            }
            let known = try KeyKind(kind)
            try place.check(known)
        }
    }

    func run() throws {
        HostProcess.prepare()
        let command = self
        if all {
            let configuration = try ConfigurationSource.load(config)
            Errand.run { try await command.askAboutAll(configuration) }
        }
        let kind = try KeyKind(kind ?? "")
        let secret = try input.read(for: kind)
        Errand.run { try await command.ask(about: secret, of: kind) }
    }

    private var timeout: Duration {
        get throws {
            guard let seconds = Double(timeoutText ?? "10"), (0.1...60).contains(seconds) else {
                throw ValidationError("--timeout takes 0.1 to 60 seconds.")
            }
            return .milliseconds(Int64((seconds * 1_000).rounded()))
        }
    }

    private var concurrency: Int {
        get throws {
            guard let count = Int(concurrencyText ?? "1"), (1...Validators.inFlightMax).contains(count) else {
                throw ValidationError("--concurrency takes 1 to \(Validators.inFlightMax).")
            }
            return count
        }
    }

    // MARK: One key

    private func ask(about secret: Secret, of kind: KeyKind) async throws -> Int32 {
        let validators = try Self.validators()
        let progress = ValidationProgress.onTerminal
        let found: KeyValidation
        switch kind {
        case .bedrock: found = validators.validate(bedrock: secret)
        case .provider(let kind): found = try await ask(validators, about: secret, of: kind, progress)
        }
        progress?.end()
        await validators.shutdown()
        print(json ? found.json.text + "\n" : ValidationText(found).text, terminator: "")
        return ValidationStatus([found.verdict]).code
    }

    private func ask(
        _ validators: Validators, about secret: Secret, of kind: ProviderKind,
        _ progress: ValidationProgress?
    ) async throws -> KeyValidation {
        let limit = try timeout
        do throws(ValidationMistake) {
            return try await validators.validate(
                kind, key: secret, scope: place.scope, folder: place.folder, baseURL: place.baseUrl,
                tokenURL: place.authUrl, models: asked, timeout: limit, authorityFile: place.caFile
            ) { progress?.show($0) }
        } catch {
            throw CommandFailure(message: "\(error)", status: 2)
        }
    }

    // MARK: All

    private func askAboutAll(_ configuration: Configuration) async throws -> Int32 {
        let validators = try Self.validators()
        let progress = ValidationProgress.onTerminal
        let round = ValidationRound(
            configuration, validators, timeout: try timeout, concurrency: try concurrency, asksModels: models,
            progress: progress)
        let rows = await round.run()
        progress?.end()
        await validators.shutdown()
        if rows.isEmpty {
            StandardError.write("signalbox: no provider has a key that could be asked about\n")
        }
        let status = ValidationStatus(rows.map(\.found.verdict))
        let table = ValidationTable(rows: rows, status: status)
        print(json ? table.json.text + "\n" : table.text, terminator: "")
        return status.code
    }

    private static func validators() throws(CommandFailure) -> Validators {
        do throws(ValidatorsError) {
            return try Validators()
        } catch {
            throw CommandFailure(message: error.description, status: 1)
        }
    }
}

/// What was found of many keys, and the exit status that says so.
struct ValidationStatus {
    private(set) var good = 0
    private(set) var bad = 0
    private(set) var unclear = 0

    init(_ verdicts: [KeyValidation.Verdict]) {
        for verdict in verdicts {
            switch verdict {
            case .good: good += 1
            case .bad: bad += 1
            case .unclear: unclear += 1
            }
        }
    }

    var code: Int32 { bad > 0 ? 1 : unclear > 0 ? 3 : 0 }
}
