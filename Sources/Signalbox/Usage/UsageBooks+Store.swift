public import SignalboxConfig
public import SignalboxCore
import SignalboxStore
public import SignalboxTelemetry
import SignalboxUsage

extension UsageBooks {
    /// Opens what the configuration says: the records in `data_dir`, where they are kept, and what delivers
    /// them. It may read the disk for a while.
    ///
    ///     let books = try UsageBooks.open(configuration, registry: registry, logger: logger)
    ///     let router = try Router(configuration: configuration, …, usage: books)
    ///     try await router.recallBudgets()
    ///     try await books?.start(configuration)
    ///     …
    ///     await router.shutdown()
    ///     await books?.close()
    ///
    /// - Parameter listener: a part of the program that wants to hear of records.
    /// - Returns: nil where records are neither kept nor heard of.
    /// - Throws: where the records cannot be opened, another process has them, or the listener wants to hear
    ///   of a tenant that has a webhook.
    public static func open(
        _ configuration: Configuration, listener: UsageListener? = nil, registry: MetricRegistry,
        logger: Logger, time: any TimeSource = SystemTime()
    ) throws(RouterError) -> UsageBooks? {
        try listener?.check(configuration)
        guard configuration.usage.durability != .none else {
            return listener.map { UsageBooks(journal: nil, listener: $0, registry: registry) }
        }
        let events = UsageEvents(logger: logger, time: time)
        let metrics = UsageMetrics(registry)
        let observer = StoreMetrics(
            registry, bytesMax: configuration.usage.sizeBytesMax, metrics, events)
        let opened: (store: UsageStore, findings: [StoreFinding])
        do throws(StoreError) {
            opened = try UsageStore.open(StoreSettings(configuration), time: time, observer: observer)
        } catch {
            throw RouterError(
                description: "usage records cannot be kept: \(error). "
                    + "`usage: {durability: none}` runs without them")
        }
        for finding in opened.findings { events.found(finding.message) }
        registry.beforeScrape { [store = opened.store] in
            observer.refresh(bytesOnDisk: store.bytesOnDisk)
        }
        let deliveries: WebhookDeliveries
        do throws(DeliveriesError) {
            deliveries = try WebhookDeliveries(
                store: opened.store, registry: registry, logger: logger, time: time)
        } catch {
            throw RouterError(description: error.description)
        }
        return UsageBooks(
            journal: StoredJournal(store: opened.store), store: opened.store, deliveries: deliveries,
            listener: listener, metrics: metrics)
    }

    /// Deliveries in flight end, the listener hears what it has not heard yet, and what waits is brought to
    /// the disk. Once, after the router, if it was started.
    public func close() async {
        await deliveries?.shutdown(within: Self.lastDeliveriesMax)
        await endListening()
        await store?.close()
    }
}

extension UsageBooks {
    /// What is not acknowledged by then is sent again after the next start.
    private static let lastDeliveriesMax = Duration.seconds(5)
}

extension StoreSettings {
    init(_ configuration: Configuration) {
        self.init(
            directory: configuration.dataDirectory, sizeMax: configuration.usage.sizeBytesMax,
            retention: configuration.usage.retention)
    }
}

extension UsageListener {
    /// Nobody gets a record twice: from a webhook, and from the program.
    func check(_ configuration: Configuration) throws(RouterError) {
        guard let tenants else { return }
        let both = configuration.tenants.filter { $0.webhook != nil && tenants.contains($0.id) }.map(\.id)
        guard both.isEmpty else {
            throw RouterError(
                description: "the usage of \(both.joined(separator: ", ")) has a webhook and a listener: "
                    + "one of them must go")
        }
    }
}
