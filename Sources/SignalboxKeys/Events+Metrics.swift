import SignalboxCore
import SignalboxTelemetry
import Synchronization

/// One key's metrics, their handles resolved when it is configured. The series leave with it; those of its
/// provider with the provider's last key.
final class KeyMetrics: Sendable {
    private let scope: SeriesScope
    private let name: KeyName
    private let results: [KeyState: Counter]
    private let skips: [KeySkipReason: Counter]
    private let seconds: Histogram
    /// Nil where the key has no gauges.
    private let state: StateSet<KeyState>?
    private let board = Board()

    /// What scrapes read.
    private final class Board: Sendable {
        let values = Mutex(Values())
    }

    private struct Values {
        var isGood: Bool?
        var checked: Double?
        var verified: Double?
        var expires: Double?
        var balances: [String: Double] = [:]
        var remaining: [String: Double] = [:]
        /// Those that have had series: they stay until the key goes.
        var units: Set<String> = []
    }

    /// Currencies and other units of one key; further ones are left out, as are those that are no plain word
    /// of at most ``unitBytesMax``.
    static let unitsMax = 8
    static let unitBytesMax = 16

    /// So that the metrics are there before the first key has anything to tell.
    static func register(in registry: MetricRegistry) {
        _ = registry.counter(Catalogue.keyChecks)
        _ = registry.counter(Catalogue.keyChecksSkipped)
        _ = registry.histogram(Catalogue.keyCheckSeconds)
        _ = registry.stateset(Catalogue.keyState, of: KeyState.self)
        for gauge in [
            Catalogue.keyValid, Catalogue.keyLastCheck, Catalogue.keyVerified, Catalogue.keyExpiry,
            Catalogue.keyBalance, Catalogue.keyLimitRemaining,
        ] {
            _ = registry.gauge(gauge)
        }
    }

    init(
        _ scope: SeriesScope, _ name: KeyName, _ traffic: KeyTraffic, isListed: Bool = true,
        time: any TimeSource
    ) {
        self.scope = scope
        self.name = name
        let (provider, alias, board) = (name.provider, name.alias, board)
        let checks = scope.counter(Catalogue.keyChecks)
        results = Dictionary(
            uniqueKeysWithValues: KeyState.allCases.map { ($0, checks.series(provider, $0.rawValue)) })
        let skipped = scope.counter(Catalogue.keyChecksSkipped)
        skips = Dictionary(
            uniqueKeysWithValues: KeySkipReason.allCases.map { ($0, skipped.series(provider, $0.rawValue)) })
        seconds = scope.histogram(Catalogue.keyCheckSeconds).series(provider)
        state =
            isListed
            ? scope.stateset(Catalogue.keyState, of: KeyState.self).series(provider, alias) : nil
        guard isListed else { return }
        state?.enter(.unknown)
        scope.gauge(Catalogue.keyValid).series(provider, alias) {
            board.values.withLock { $0.isGood }.map { $0 ? 1 : 0 }
        }
        scope.gauge(Catalogue.keyLastCheck).series(provider, alias) { board.values.withLock { $0.checked } }
        scope.gauge(Catalogue.keyExpiry).series(provider, alias) { board.values.withLock { $0.expires } }
        scope.gauge(Catalogue.keyVerified).series(provider, alias) {
            let proof = traffic.lastProof.map { time.wallTime().moved(from: time.now(), to: $0).inSeconds }
            let check = board.values.withLock { $0.verified }
            return check.map { max($0, proof ?? 0) } ?? proof
        }
    }

    var isListed: Bool { state != nil }

    func close() {
        scope.close()
    }

    func checked(_ answer: KeyAnswer) {
        results[answer.report.state]?.increment()
        seconds.observe(answer.elapsed.inSeconds)
    }

    func skipped(_ reason: KeySkipReason, _ turns: Int) {
        skips[reason]?.increment(by: turns)
    }

    /// - Parameter models: those that are configured: a balance for others is none of ours.
    func show(_ status: KeyStatus, models: [String]) {
        guard let state else { return }
        state.enter(status.state)
        let details = status.standing?.details
        let concerning = (details?.balances ?? []).filter { $0.concerns(models) }
        let fresh = board.values.withLock { values -> (balances: [String], remaining: [String]) in
            let before = (Set(values.balances.keys), Set(values.remaining.keys))
            values.isGood = status.standing.map { $0.state.weight == .good }
            values.checked = status.lastCheck?.inSeconds
            values.verified = status.lastGoodCheck?.inSeconds
            values.expires = details?.expiresAt?.inSeconds
            values.balances = KeyMetrics.least(concerning, among: &values.units)
            values.remaining = KeyMetrics.least(
                details?.limitRemaining.map { [$0] } ?? [], among: &values.units)
            return (
                values.balances.keys.filter { !before.0.contains($0) },
                values.remaining.keys.filter { !before.1.contains($0) }
            )
        }
        let (provider, alias, board) = (name.provider, name.alias, board)
        for unit in fresh.balances {
            scope.gauge(Catalogue.keyBalance).series(provider, alias, unit) {
                board.values.withLock { $0.balances[unit] }
            }
        }
        for unit in fresh.remaining {
            scope.gauge(Catalogue.keyLimitRemaining).series(provider, alias, unit) {
                board.values.withLock { $0.remaining[unit] }
            }
        }
    }

    /// By unit, for units that can be a label.
    private static func least(_ amounts: [KeyBalance], among units: inout Set<String>) -> [String: Double] {
        var least: [String: Double] = [:]
        for amount in amounts where isLabel(amount.unit) {
            guard units.contains(amount.unit) || units.count < unitsMax else { continue }
            units.insert(amount.unit)
            least[amount.unit] = min(least[amount.unit] ?? .infinity, amount.units)
        }
        return least
    }

    private static func isLabel(_ unit: String) -> Bool {
        (1...unitBytesMax).contains(unit.utf8.count)
            && unit.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                default: false
                }
            }
    }
}

extension KeyBalance {
    /// An amount for one purpose only says nothing of others.
    fileprivate func concerns(_ models: [String]) -> Bool {
        guard let purpose else { return true }
        let name = purpose.lowercased()
        return models.contains { $0.lowercased() == name }
    }
}

extension Duration {
    var inSeconds: Double { Double(nanoseconds) / 1e9 }
}

extension WallTime {
    fileprivate var inSeconds: Double { Double(nanosecondsSince1970) / 1e9 }
}
