import SignalboxCore
import SignalboxTelemetry
import Synchronization

/// Every metric and log line of checks: nothing else here names one.
final class KeyEvents: Sendable {
    private let registry: MetricRegistry
    private let logger: Logger
    private let time: any TimeSource
    /// Keys with gauges of their own. Changed by the loop's thread only.
    private let listed = Atomic(0)

    init(registry: MetricRegistry, logger: Logger, time: any TimeSource) {
        self.registry = registry
        self.logger = logger
        self.time = time
        KeyMetrics.register(in: registry)
    }

    /// - Parameter reading: how many checks are under way, and how many are overdue.
    func observe(_ reading: @escaping @Sendable () -> (inFlight: Int, overdue: Int)?) {
        registry.gauge(Catalogue.keyChecksInFlight).series { reading().map { Double($0.inFlight) } }
        registry.gauge(Catalogue.keyChecksOverdue).series { reading().map { Double($0.overdue) } }
    }

    /// A registry has room for so many keys. What has none would share a series with others, and its value
    /// would be nobody's: such a key has no gauges of its own.
    func metrics(of key: WatchedKey) -> KeyMetrics {
        let isListed = listed.load(ordering: .relaxed) < registry.limits.seriesMax - 1
        if isListed { listed.add(1, ordering: .relaxed) }
        return KeyMetrics(registry.scope(), key.name, key.traffic, isListed: isListed, time: time)
    }

    func close(_ metrics: KeyMetrics) {
        metrics.close()
        if metrics.isListed { listed.subtract(1, ordering: .relaxed) }
    }

    func checked(_ finding: KeyWatchState.Finding) {
        let (status, answer, report) = (finding.status, finding.answer, finding.answer.report)
        logger.log(level(of: finding), "key_check") { fields in
            fields.string("provider", status.provider)
            fields.string("key", status.alias)
            fields.string("state", report.state.rawValue)
            fields.string("code", report.code.rawValue)
            fields.int("status", report.status)
            fields.string("provider_request_id", report.requestID)
            fields.string("provider_code", report.providerCode)
            if let retryAfter = report.retryAfter { fields.double("retry_after", retryAfter.inSeconds) }
            fields.milliseconds("elapsed_ms", answer.elapsed)
            fields.int("requests", answer.requests)
            fields.string("believed", status.state.rawValue)
            fields.string("reason", report.message)
            fields.string("next_check", status.nextCheck.map(InternetDate.print))
        }
    }

    private func level(of finding: KeyWatchState.Finding) -> LogLevel {
        switch finding.outcome {
        case .confirmed: .debug
        case .doubted: .warning
        case .changed(_, let state): state.weight == .good ? .info : .warning
        // The first of several is worth a line; what it says of the provider others say louder.
        case .nothing: finding.wasSilent ? .debug : .info
        }
    }

    func damaged(_ path: String, _ reason: String) {
        logger.log(.warning, "key_file_damaged") { fields in
            fields.string("file", path)
            fields.string("reason", reason)
        }
    }

    func notWritten(_ path: String, _ error: String) {
        logger.log(.warning, "key_file_failed") { fields in
            fields.string("file", path)
            fields.string("error", error)
        }
    }
}
