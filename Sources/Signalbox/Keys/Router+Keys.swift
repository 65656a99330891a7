import SignalboxConfig
import SignalboxCore
import SignalboxKeys
import SignalboxRouting
import Synchronization

extension Router {
    /// The keys of the configuration in force that are checked.
    var watchedKeys: [WatchedKey] {
        let generation = current.withLock { $0.generation }
        let checks = Dictionary(
            uniqueKeysWithValues: generation.configuration.providers.map {
                ($0.name, generation.configuration.keyChecks(of: $0))
            })
        return generation.table.providers.flatMap { provider in
            checks[provider.name].flatMap { $0 }.map(provider.watchedKeys) ?? []
        }
    }

    /// The name of the configured provider that has a key of this alias.
    func provider(ofKey alias: String) -> String? {
        configuration.providers.first { provider in provider.keys.contains { $0.alias == alias } }?.name
    }

    /// Takes what a check has found of a key, so that the next request heeds it. From any thread.
    /// - Parameter secret: the key that was checked: by now the alias may be another's.
    func heed(_ report: KeyReport, ofKey alias: String, secret: Secret?, at name: String) {
        guard let verdict = CheckedKey(report),
            let provider = currentTable.providers.first(where: { $0.name == name }),
            let key = provider.keys.first(where: { $0.alias == alias }), key.secret == secret
        else { return }
        let changes = provider.desk.keyChecked(key.place, verdict, at: time.now())
        guard !changes.isEmpty else { return }
        standingEvents.changed(changes, at: provider, by: nil)
        // Who waits in line for it may go on, or wait no more.
        released(provider)
    }
}
