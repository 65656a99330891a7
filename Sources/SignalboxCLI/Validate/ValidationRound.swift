import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxProviders
import Synchronization

/// Asks about every key of a configuration: the providers side by side, the keys of each one after the other
/// unless more are wanted.
struct ValidationRound {
    /// One key, and what was found of it.
    struct Row {
        let key: String
        let found: KeyValidation
    }

    private let providers: [Configuration.Provider]
    private let configuration: Configuration
    private let validators: Validators
    private let timeout: Duration
    private let concurrency: Int
    private let asksModels: Bool
    private let progress: ValidationProgress?
    private let time = SystemTime()

    init(
        _ configuration: Configuration, _ validators: Validators, timeout: Duration, concurrency: Int,
        asksModels: Bool, progress: ValidationProgress?
    ) {
        self.configuration = configuration
        providers = configuration.providers.filter { $0.kind.isNetworked && !$0.keys.isEmpty }
        self.validators = validators
        self.timeout = timeout
        self.concurrency = concurrency
        self.asksModels = asksModels
        self.progress = progress
    }

    /// In the configuration's order.
    func run() async -> [Row] {
        let sideBySide = max(1, Validators.inFlightMax / concurrency)
        var found: [[Row]] = Array(repeating: [], count: providers.count)
        await withTaskGroup(of: (Int, [Row]).self) { group in
            for place in providers.indices {
                if place >= sideBySide, let (done, rows) = await group.next() { found[done] = rows }
                group.addTask { (place, await ask(providers[place])) }
            }
            for await (done, rows) in group { found[done] = rows }
        }
        return found.flatMap(\.self)
    }

    private var total: Int { providers.reduce(0) { $0 + $1.keys.count } }

    private func ask(_ provider: Configuration.Provider) async -> [Row] {
        let pace = SharedPace(configuration.keyChecks(of: provider) ?? Configuration.KeyChecks())
        var found: [Int: Row] = [:]
        await withTaskGroup(of: [Int: Row].self) { group in
            for _ in 0..<min(concurrency, provider.keys.count) {
                group.addTask {
                    var rows: [Int: Row] = [:]
                    while true {
                        let place = pace.nextKey()
                        guard place < provider.keys.count else { return rows }
                        rows[place] = await ask(provider, provider.keys[place], pace)
                    }
                }
            }
            for await rows in group { found.merge(rows) { first, _ in first } }
        }
        return provider.keys.indices.compactMap { found[$0] }
    }

    private func ask(
        _ provider: Configuration.Provider, _ key: Configuration.Key, _ pace: SharedPace
    ) async -> Row {
        let models = asksModels ? Array(provider.modelNames.prefix(Validators.modelsMax)) : []
        let turn = await pace.turn(of: 2 * KeyProbeRequest.countMax + models.count, time)
        let found: KeyValidation
        do throws(ValidationMistake) {
            found = try await validators.validate(
                provider, key: key.secret, models: models, timeout: timeout)
        } catch {
            let report = KeyReport(.unknown, code: .validationError, message: "\(error)")
            found = KeyValidation(
                provider: provider.name, report: report, isConfirmed: false, elapsed: .zero, requests: 0)
        }
        turn.settle(found.requests, at: time.now())
        progress?.count(key.alias, of: total)
        return Row(key: key.alias, found: found)
    }
}

/// One provider's pace and its next key, for all that ask it.
private final class SharedPace: Sendable {
    private let pace: Mutex<RoundPace>
    private let next = Atomic(0)

    private static let lookInterval = Duration.milliseconds(100)

    init(_ checks: Configuration.KeyChecks) {
        pace = Mutex(RoundPace(requestsPerMinute: checks.requestsPerMinute))
    }

    func nextKey() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// What a check has taken.
    struct Turn {
        let pace: SharedPace
        let count: Int
        let start: Instant

        func settle(_ made: Int, at end: Instant) {
            pace.pace.withLock { $0.settle(count, as: made, from: start, at: end) }
        }
    }

    /// Waits until a check of so many requests fits.
    func turn(of count: Int, _ time: SystemTime) async -> Turn {
        while true {
            let now = time.now()
            guard let later = pace.withLock({ $0.admit(count, at: now) }), !Task.isCancelled else {
                return Turn(pace: self, count: count, start: now)
            }
            do {
                // Another check may have made fewer requests than it took room for.
                try await Task.sleep(for: min(now.duration(to: later), Self.lookInterval))
            } catch {
                return Turn(pace: self, count: count, start: now)
            }
        }
    }
}
