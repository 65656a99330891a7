import SignalboxCore
import SignalboxTelemetry

/// What is counted of usage records over all tenants.
final class UsageMetrics: Sendable {
    private let lostRecords: [UsageJournalFailure.Reason: Counter]
    private let drains: [DrainResult: Counter]
    private let heard: [ListenerResult: Counter]

    init(_ registry: MetricRegistry) {
        let lost = registry.counter(Catalogue.usageLostRecords)
        lostRecords = Dictionary(
            uniqueKeysWithValues: UsageJournalFailure.Reason.allCases.map { ($0, lost.series($0.rawValue)) })
        let drains = registry.counter(Catalogue.usageDrains)
        self.drains = Dictionary(
            uniqueKeysWithValues: DrainResult.allCases.map { ($0, drains.series($0.rawValue)) })
        let heard = registry.counter(Catalogue.usageListenerRecords)
        self.heard = Dictionary(
            uniqueKeysWithValues: ListenerResult.allCases.map { ($0, heard.series($0.rawValue)) })
    }

    func lost(_ count: Int, _ reason: UsageJournalFailure.Reason) {
        lostRecords[reason]?.increment(by: count)
    }

    func offered(_ isTaken: Bool) {
        if !isTaken { told(.dropped) }
    }

    func told(_ result: ListenerResult) {
        heard[result]?.increment()
    }

    func drained(_ result: DrainResult) {
        drains[result]?.increment()
    }
}

/// One tenant's records, by how the attempts ended.
struct TenantUsage: Sendable {
    let hasWebhook: Bool
    /// In the order of the outcomes.
    private let counters: [Counter]

    init(_ scope: SeriesScope, tenant: String, hasWebhook: Bool) {
        self.hasWebhook = hasWebhook
        let family = scope.counter(Catalogue.usageRecords)
        counters = UsageRecord.Outcome.allCases.map { family.series(tenant, $0.rawValue) }
    }

    func count(_ outcome: UsageRecord.Outcome) {
        switch outcome {
        case .success: counters[0].increment()
        case .failure: counters[1].increment()
        case .interrupted: counters[2].increment()
        case .cancelled: counters[3].increment()
        }
    }
}
