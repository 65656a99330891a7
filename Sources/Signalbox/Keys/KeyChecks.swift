import SignalboxConfig
public import SignalboxCore
import SignalboxKeys
public import SignalboxTelemetry
import Synchronization

/// Checks a router's keys from time to time, without spending a token: as its configuration's
/// ``Configuration/keyChecks`` say, on a thread of its own.
///
/// What it believes of a key stands in the metrics, in the log, and decides whether requests are made with
/// it.
///
///     let checks = try KeyChecks(of: router, file: "data/keys.json", registry: registry, logger: logger)
///     try await checks.start()
///     …
///     try await router.update(configuration)
///     await checks.update()
///     …
///     await checks.close()
///     await router.shutdown()
public final class KeyChecks: Sendable {
    /// Asks about keys of other people's, on the same thread: from ``start()`` to ``close()``.
    public let validators: Validators
    private let router: Router
    private let inquirer: KeyInquirer
    private let watch: KeyWatch
    private let time: any TimeSource
    private let book: Book

    /// Which key it is that stands behind a name for the watch: for a moment, while the configuration
    /// changes, it may be another one for the router.
    private final class Book: Sendable {
        struct Entry {
            let kind: String
            let secret: Secret?
        }

        let entries = Mutex<[KeyName: Entry]>([:])
    }

    /// Checks nothing before ``start()``.
    /// - Parameter file: where what is believed is kept for the next start, without any key; nil for nowhere.
    /// - Throws: where the system gives no descriptor or no client.
    public init(
        of router: Router, file: String?, registry: MetricRegistry, logger: Logger,
        time: any TimeSource = SystemTime()
    ) throws(RouterError) {
        do throws(KeyInquirerError) {
            inquirer = try KeyInquirer(time: time)
        } catch {
            throw RouterError(description: error.description)
        }
        validators = Validators(sharing: inquirer, time: time)
        let book = Book()
        self.router = router
        self.time = time
        self.book = book
        watch = KeyWatch(
            inquirer: inquirer, registry: registry, logger: logger, time: time, file: file,
            heed: { verdict in
                let name = KeyName(provider: verdict.provider, alias: verdict.alias)
                guard let entry = book.entries.withLock({ $0[name] }) else { return }
                router.heed(
                    verdict.report, ofKey: verdict.alias, secret: entry.secret, at: verdict.provider)
            })
    }

    /// Begins; what an earlier run has found holds from here on. Once, before the first request.
    public func start() async throws(RouterError) {
        do throws(KeyInquirerError) {
            try inquirer.start()
        } catch {
            throw RouterError(description: error.description)
        }
        let keys = router.watchedKeys
        enter(keys)
        await watch.start(keys)
    }

    /// Goes on with the router's keys as they are now: after each ``Router/update(_:metrics:custom:)``. A key
    /// that stayed keeps what is known of it.
    public func update() async {
        let keys = router.watchedKeys
        await watch.update(keys)
        let fresh = enter(keys)
        // Verdicts that came in between found the old name.
        for status in watch.statuses {
            let name = KeyName(provider: status.provider, alias: status.alias)
            guard let secret = fresh[name], let standing = status.standing else { continue }
            router.heed(standing, ofKey: status.alias, secret: secret, at: status.provider)
        }
    }

    /// - Returns: of those that were not there, or had another key.
    @discardableResult
    private func enter(_ keys: [WatchedKey]) -> [KeyName: Secret?] {
        book.entries.withLock { entries in
            var (kept, fresh): ([KeyName: Book.Entry], [KeyName: Secret?]) = ([:], [:])
            for key in keys {
                let name = KeyName(provider: key.provider, alias: key.alias)
                if entries[name]?.secret != key.secret { fresh[name] = .some(key.secret) }
                kept[name] = Book.Entry(kind: key.kind, secret: key.secret)
            }
            entries = kept
            return fresh
        }
    }

    /// Ends the checks that are under way, and keeps what is believed. Before the router is shut down.
    public func close() async {
        await watch.shutdown()
        await inquirer.shutdown()
    }

    // MARK: For people

    /// All keys that are checked, by provider and alias.
    public var statuses: [KeyCheckStatus] {
        watch.statuses.map(KeyCheckStatus.init).sorted { ($0.provider, $0.alias) < ($1.provider, $1.alias) }
    }

    public enum CheckOutcome: Sendable {
        case checked(KeyCheckStatus)
        /// The configuration does not have its provider's keys checked, or its kind cannot be.
        case notChecked(provider: String)
        /// No provider has a key of this alias.
        case unknown(providers: [String])
    }

    /// Checks a key now, whatever its turn, and says what is believed then. Joins a check that is under way.
    public func check(_ alias: String) async -> CheckOutcome {
        let name = book.entries.withLock { entries in entries.keys.first { $0.alias == alias } }
        if let name, let status = await watch.check(provider: name.provider, alias: alias) {
            return .checked(KeyCheckStatus(status))
        }
        if let provider = router.provider(ofKey: alias) { return .notChecked(provider: provider) }
        return .unknown(
            providers: router.configuration.providers.filter { !$0.keys.isEmpty }.map(\.name))
    }

    /// What is believed of each key, by provider and alias.
    public var states: [String: [String: KeyState]] {
        var states: [String: [String: KeyState]] = [:]
        for status in watch.statuses { states[status.provider, default: [:]][status.alias] = status.state }
        return states
    }
}
