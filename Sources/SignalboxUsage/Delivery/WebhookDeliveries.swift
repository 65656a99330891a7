package import SignalboxCore
import SignalboxHTTP
package import SignalboxStore
package import SignalboxTelemetry
import Synchronization

/// Delivers usage records from the store to the tenants' endpoints: signed, in order, and again until they
/// have arrived. On a thread of its own, with connections of its own.
///
/// A delivery is written to the store before it is first sent, and every attempt sends the same bytes under
/// the same id: whatever ends the process, and wherever, nothing is lost, and what is sent twice can be told.
///
///     let deliveries = try WebhookDeliveries(store: store, registry: registry, logger: logger)
///     try await deliveries.start(settings)
///     …
///     try await deliveries.update(others)
///     await deliveries.shutdown(within: .seconds(10))
package final class WebhookDeliveries: Sendable {
    package struct Settings: Sendable, Equatable {
        package var endpoints: [WebhookEndpoint]
        /// Deliveries in flight, and with them bodies in memory, all endpoints together.
        package var concurrency: Int
        /// Ranges of addresses that endpoints may be in although nobody else may be sent there.
        package var allowed: [AddressRange]

        package init(endpoints: [WebhookEndpoint], concurrency: Int = 256, allowed: [AddressRange] = []) {
            self.endpoints = endpoints
            self.concurrency = concurrency
            self.allowed = allowed
        }

        var identities: [EndpointIdentity] {
            endpoints.map { EndpointIdentity(name: $0.name, tenant: $0.tenant) }
        }
    }

    private let loop: EventLoop
    private let store: UsageStore
    private let desk: DeliveryDesk
    /// In force, or about to be.
    private let endpoints = Mutex<[WebhookEndpoint]>([])
    private let isStarted = Atomic(false)

    /// Names the thread beside those of the requests, which are numbered from 0 to 63, and the exporter's.
    private static let loopNumber = 65

    /// Sends nothing before ``start(_:)``.
    /// - Throws: ``DeliveriesError`` where the system gives no descriptor or no client.
    package init(
        store: UsageStore, registry: MetricRegistry, logger: Logger, time: any TimeSource = SystemTime()
    ) throws(DeliveriesError) {
        self.store = store
        do {
            loop = try EventLoop(index: WebhookDeliveries.loopNumber, clock: time)
            desk = DeliveryDesk(
                client: try HTTPClient(loop: loop), store: store,
                events: DeliveryEvents(registry: registry, logger: logger, store: store, time: time),
                time: time)
        } catch {
            throw DeliveriesError(description: "webhooks cannot be delivered: \(error)")
        }
    }

    /// Begins. Records that come after it has returned reach every endpoint of `settings`. Once.
    /// - Throws: ``DeliveriesError`` where the store does not take the endpoints, or there is no thread.
    package func start(_ settings: Settings) async throws(DeliveriesError) {
        try await register(settings)
        do throws(SystemError) {
            try loop.start()
        } catch {
            throw DeliveriesError(description: "webhooks cannot be delivered: \(error)")
        }
        isStarted.store(true, ordering: .releasing)
        let (desk, loop) = (desk, loop)
        store.onCommit { tenants in loop.execute { desk.recordsCame(for: tenants) } }
        loop.execute {
            desk.client.start()
            desk.apply(settings)
        }
    }

    /// Goes on with other endpoints, or other settings of theirs. One that was disabled is tried again if its
    /// address or its secrets have changed.
    /// - Throws: ``DeliveriesError`` where the store does not take them; then nothing has changed.
    package func update(_ settings: Settings) async throws(DeliveriesError) {
        try await register(settings)
        let desk = desk
        for name in await loop.value({ desk.revived(by: settings) }) { try await enableInStore(name) }
        loop.execute { desk.apply(settings) }
    }

    /// Sends to an endpoint again that was disabled.
    /// - Throws: ``DeliveriesError`` where there is no such endpoint, or the store fails.
    package func enable(_ endpoint: String) async throws(DeliveriesError) {
        try await enableInStore(endpoint)
        let desk = desk
        let isThere = await loop.value { desk.enable(endpoint) }
        guard isThere else { throw DeliveriesError(description: "there is no webhook of \(endpoint)") }
    }

    /// Has the operator's endpoint told, if there is one.
    package func tell(_ event: OperatorEvent) {
        let (desk, loop) = (desk, loop)
        loop.execute { loop.spawn { await desk.tell(event) } }
    }

    /// The endpoint of that name, as it is configured; nil where there is none.
    package func endpoint(_ name: String) -> WebhookEndpoint? {
        endpoints.withLock { $0.first { $0.name == name } }
    }

    /// Looks for what is due: after deliveries were replayed.
    package func wake() {
        let desk = desk
        loop.execute { desk.wake() }
    }

    /// Finishes what is in flight, at most for `limit`. What was not acknowledged by then is sent again by
    /// whoever opens the store next. Once, not from a loop; without effect where nothing was started.
    package func shutdown(within limit: Duration) async {
        guard isStarted.load(ordering: .acquiring) else { return }
        let (desk, loop) = (desk, loop)
        await loop.spawn { await desk.shutdown(by: loop.now().advanced(by: limit)) }.value
        loop.stop()
        loop.join()
    }

    private func register(_ settings: Settings) async throws(DeliveriesError) {
        do throws(StoreError) {
            try await store.register(endpoints: settings.identities)
        } catch {
            throw DeliveriesError(description: "\(error)")
        }
        endpoints.withLock { $0 = settings.endpoints }
    }

    private func enableInStore(_ endpoint: String) async throws(DeliveriesError) {
        do throws(StoreError) {
            try await store.enable(endpoint: endpoint)
        } catch {
            throw DeliveriesError(description: "\(error)")
        }
    }
}

/// Deliveries that could not begin, or change.
package struct DeliveriesError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

extension EventLoop {
    /// What `body` returns on the loop's thread.
    fileprivate func value<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            execute { continuation.resume(returning: body()) }
        }
    }
}
