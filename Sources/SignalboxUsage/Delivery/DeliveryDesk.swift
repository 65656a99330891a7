import SignalboxCore
import SignalboxHTTP
import SignalboxStore
import SignalboxTelemetry

/// All endpoints, and the places that their deliveries take turns for. Confined to its loop's thread.
final class DeliveryDesk: @unchecked Sendable {
    // @unchecked: made before the loop starts, then touched by the loop's thread only.

    let client: HTTPClient
    let store: UsageStore
    let events: DeliveryEvents
    let time: any TimeSource
    var loop: EventLoop { client.loop }
    private(set) var isEnding = false
    private var isClientStopped = false

    private var pumps: [String: EndpointPump] = [:]
    /// Of those that have one.
    private var pumpsByTenant: [String: EndpointPump] = [:]
    private var addressGuard = AddressGuard()
    private var turns: DeliveryTurns<Job>
    /// Resumed once nothing is in flight any more.
    private var ending: CheckedContinuation<Void, Never>?

    struct Job: Sendable {
        let pump: EndpointPump
        let work: EndpointPump.Work
    }

    init(client: HTTPClient, store: UsageStore, events: DeliveryEvents, time: any TimeSource) {
        self.client = client
        self.store = store
        self.events = events
        self.time = time
        turns = DeliveryTurns(placesMax: 1)
    }

    /// Has exactly these endpoints from now on. The store knows them already.
    func apply(_ settings: WebhookDeliveries.Settings) {
        guard !isEnding else { return }
        turns.placesMax = settings.concurrency
        let isGuardNew = addressGuard.allowed != settings.allowed
        addressGuard = AddressGuard(allowing: settings.allowed)
        let wanted = Dictionary(settings.endpoints.map { ($0.name, $0) }) { _, last in last }
        for (name, pump) in pumps where wanted[name] == nil {
            pump.remove()
            pumps[name] = nil
        }
        for endpoint in settings.endpoints {
            if let pump = pumps[endpoint.name] {
                if pump.endpoint != endpoint || isGuardNew { pump.update(endpoint) }
            } else {
                add(endpoint)
            }
        }
        pumpsByTenant = Dictionary(pumps.values.map { ($0.endpoint.tenant, $0) }) { _, last in last }
        advance()
    }

    private func add(_ endpoint: WebhookEndpoint) {
        let pump = EndpointPump(endpoint, metrics: events.metrics(of: endpoint.name), desk: self)
        pumps[endpoint.name] = pump
        if let reason = store.standing(of: endpoint.name)?.disabled {
            pump.isDisabled = true
            events.disabled(endpoint.name, because: reason)
        } else {
            pump.isDisabled = false
            pump.wake()
        }
    }

    func sender(for endpoint: WebhookEndpoint) -> WebhookSender {
        WebhookSender(endpoint, addressGuard: addressGuard, client: client, time: time)
    }

    /// Those that were disabled and would be enabled by these settings: others take their place, by address
    /// or secret.
    func revived(by settings: WebhookDeliveries.Settings) -> [String] {
        settings.endpoints.filter { pumps[$0.name].map($0.revives) ?? false }.map(\.name)
    }

    func recordsCame(for tenants: Set<String>) {
        for tenant in tenants { pumpsByTenant[tenant]?.recordsCame() }
    }

    /// Has all look what is due.
    func wake() {
        for pump in pumps.values { pump.wake() }
    }

    /// - Returns: whether there is such an endpoint.
    func enable(_ name: String) -> Bool {
        pumps[name]?.enable()
        return pumps[name] != nil
    }

    // MARK: Places

    func ask(_ job: Job, isFailing: Bool) {
        turns.ask(job, isFailing: isFailing)
        advance()
    }

    private func advance() {
        while let place = turns.next() {
            events.inFlight.set(Double(turns.taken))
            loop.spawn {
                await place.job.pump.carryOut(place.job.work)
                self.leave(place)
            }
        }
    }

    private func leave(_ place: DeliveryTurns<Job>.Place) {
        turns.leave(place)
        events.inFlight.set(Double(turns.taken))
        place.job.pump.wake()
        advance()
        if turns.taken == 0 { resumeEnding() }
    }

    // MARK: What others hear of

    func exhausted(_ header: Delivery.Header, error: String) async {
        events.exhausted(header, error: error)
        guard header.endpoint != WebhookEndpoint.operatorName else { return }
        await tell(.deliveryExhausted(header, error: error))
    }

    func disabled(_ name: String, because reason: String) async {
        events.disabled(name, because: reason)
        guard name != WebhookEndpoint.operatorName else { return }
        await tell(.endpointDisabled(name, because: reason))
    }

    /// Gives the operator's endpoint an event to deliver, if there is one.
    func tell(_ event: OperatorEvent) async {
        guard let pump = pumps[WebhookEndpoint.operatorName] else { return }
        let name = pump.endpoint.name
        guard store.standing(of: name)?.pending ?? 0 < DeliveryDesk.eventsMax else {
            return events.dropped(event)
        }
        do {
            _ = try await store.post(FrozenBody(event.body(at: time.wallTime())), to: name)
            pump.wake()
        } catch {
            events.storeFailed(name, error)
        }
    }

    /// Events that may wait for the operator's endpoint; those that come then are logged and dropped.
    static let eventsMax = 1_000

    // MARK: The end

    /// Finishes what is in flight, at most until `deadline`; the rest stays due.
    func shutdown(by deadline: Instant) async {
        isEnding = true
        for pump in pumps.values { pump.stop() }
        advance()
        let watchdog = loop.spawn {
            do throws(CancellationError) {
                try await self.loop.sleep(until: deadline)
                // What is still on the wire fails as cancelled.
                self.stopClient()
            } catch {
                return  // everything ended in time
            }
        }
        if turns.taken > 0 { await withCheckedContinuation { ending = $0 } }
        watchdog.cancel()
        await watchdog.value
        stopClient()
    }

    private func stopClient() {
        if !isClientStopped { client.stop() }
        isClientStopped = true
    }

    private func resumeEnding() {
        ending?.resume()
        ending = nil
    }
}
