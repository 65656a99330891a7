public import SignalboxCore
import SignalboxTelemetry

/// A part of the program that hears of usage records.
///
/// It is told of one record at a time, in the order in which they are written down, on no request's thread:
/// what it throws and how long it takes touches no request. What it cannot keep up with is dropped and
/// counted in `signalbox_usage_listener_records_total`; nothing is kept for it over a restart.
public final class UsageListener: Sendable {
    public typealias Body = @Sendable (UsageRecord) async throws -> Void

    /// Records that wait for the listener; the default of ``init(tenants:waitingMax:_:)``.
    public static let waitingMaxDefault = 10_000

    /// Whose records it wants; nil for those of every tenant that has no webhook.
    public let tenants: Set<String>?
    private let waiting: AsyncStream<UsageRecord>.Continuation
    private let records: AsyncStream<UsageRecord>
    private let body: Body

    /// - Parameters:
    ///   - tenants: by their ids; none of them may have a webhook. Nil for everybody who has none.
    ///   - waitingMax: records that wait before further ones are dropped.
    public init(
        tenants: Set<String>? = nil, waitingMax: Int = UsageListener.waitingMaxDefault, _ body: @escaping Body
    ) {
        self.tenants = tenants
        self.body = body
        (records, waiting) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(waitingMax))
    }

    func wants(_ record: UsageRecord, _ tenant: TenantUsage) -> Bool {
        tenants?.contains(record.tenant) ?? !tenant.hasWebhook
    }

    /// Never waits. Answers with whether the record was taken.
    func take(_ record: UsageRecord) -> Bool {
        switch waiting.yield(record) {
        case .enqueued: true
        case .dropped, .terminated: false
        @unknown default: false
        }
    }

    /// Tells of records until ``end()``, and of those that wait by then.
    func run(_ metrics: UsageMetrics) async {
        for await record in records {
            do {
                try await body(record)
                metrics.told(.heard)
            } catch {
                metrics.told(.failed)
            }
        }
    }

    func end() {
        waiting.finish()
    }
}
