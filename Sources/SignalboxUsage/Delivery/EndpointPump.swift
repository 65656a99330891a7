import SignalboxCore
import SignalboxHTTP
import SignalboxStore
import SignalboxTelemetry

/// One endpoint's way from the store to the wire: it looks what is to be done, stands in line for a place,
/// and does it. Confined to its loop's thread.
///
///     resting ──wake──▶ looking ──a delivery is due, or records wait──▶ in line ──place──▶ delivering
///        ▲                 │                                                                   │
///        ├──nothing to do──┘                                                                   │
///        └──────────────────────────────────ended, and look again──────────────────────────────┘
final class EndpointPump: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    private(set) var endpoint: WebhookEndpoint
    private var sender: WebhookSender
    let metrics: EndpointMetrics
    unowned let desk: DeliveryDesk
    private let alarm: Alarm

    var patience = EndpointPatience()
    /// It does not take compressed bodies, as it has said.
    var refusesPacked = false
    var isDisabled = false {
        didSet { metrics.disabled(isDisabled) }
    }
    /// The configuration does not have it any more.
    private(set) var isRemoved = false

    private var isLooking = false
    private var mustLookAgain = false
    private var isInLine = false
    private var inFlight: Set<String> = []
    private var freezing = 0
    /// Counts what was settled: what was read before is out of date.
    private var changes: UInt = 0
    /// Since when records wait for others.
    private var ripens: WallTime?
    /// Whether new records would change what is done: there is room for a delivery of them.
    private var hasRoom = true
    /// Somebody has said that it is to be tried, whatever pause is on.
    private var isImpatient = false
    /// Of the pending deliveries, when they were last looked at.
    private var recordsFrozen = 0
    /// The store had none of the records that its counters told of: wait for another word.
    private var foundNothing = false
    /// The store failed: nothing is asked of it before.
    private var storeRests: Instant?

    /// After the store failed.
    private static let storePause = Duration.seconds(5)
    /// A wait is looked at again after that, as civil time may have been set meanwhile.
    private static let waitMax = Duration.seconds(60)
    /// Pending deliveries that are looked at, beside those that there should be.
    private static let pendingMax = 64

    enum Work {
        case send(Delivery.Header)
        case freeze
    }

    init(_ endpoint: WebhookEndpoint, metrics: EndpointMetrics, desk: DeliveryDesk) {
        self.endpoint = endpoint
        self.metrics = metrics
        self.desk = desk
        alarm = Alarm(loop: desk.loop)
        sender = desk.sender(for: endpoint)
    }

    /// Whether it delivers, or is about to.
    var isBusy: Bool { !inFlight.isEmpty || freezing > 0 }

    /// Goes on with other settings; what is in flight ends with the old ones.
    func update(_ endpoint: WebhookEndpoint) {
        sender.template.retire()
        sender.rest()
        let isRevived = endpoint.revives(self)
        self.endpoint = endpoint
        sender = desk.sender(for: endpoint)
        refusesPacked = false
        if isRevived { enable() } else { wake() }
    }

    func enable() {
        isDisabled = false
        patience = EndpointPatience()
        isImpatient = true
        wake()
    }

    func remove() {
        isRemoved = true
        alarm.cancel()
        sender.template.retire()
        sender.rest()
    }

    func stop() {
        alarm.cancel()
    }

    // MARK: Looking

    /// Its tenant has new records. Called for every commit, so it looks only where that changes anything.
    func recordsCame() {
        foundNothing = false
        guard isLooking || hasRoom else { return }
        if !isLooking, ripens != nil {
            let pending = Int(desk.store.standing(of: endpoint.name)?.pending ?? 0)
            guard pending - recordsFrozen >= endpoint.batch.recordsMax else { return }
        }
        wake()
    }

    /// Something may be there to do.
    func wake() {
        guard mayWork, !isInLine else { return }
        if isLooking {
            mustLookAgain = true
            return
        }
        isLooking = true
        desk.loop.spawn { await self.look() }
    }

    private var mayWork: Bool { !isDisabled && !isRemoved && !desk.isEnding }

    private func look() async {
        defer { isLooking = false }
        repeat {
            mustLookAgain = false
            guard let agenda = await agenda(), mayWork else { continue }
            hasRoom = agenda.hasRoom
            switch agenda.next(at: desk.time.wallTime()) {
            case .send(let header): ask(.send(header))
            case .freeze: ask(.freeze)
            case .wait(let instant): rest(until: instant)
            case .idle: if !isBusy { sender.rest() }
            }
        } while mustLookAgain && !isInLine
    }

    private func rest(until time: WallTime) {
        if !isBusy { sender.rest() }
        let left = time.nanosecondsSince1970 - desk.time.wallTime().nanosecondsSince1970
        let pause = min(Duration.nanoseconds(max(left, 0)), EndpointPump.waitMax)
        alarm.set(at: desk.loop.now().advanced(by: pause)) { self.wake() }
    }

    private func ask(_ work: Work) {
        switch work {
        case .send(let header):
            // A process before this one may have seen it fail.
            if header.attempts > 0, !patience.isFailing { _ = patience.failed(at: desk.time.wallTime()) }
            inFlight.insert(header.id)
        case .freeze: freezing += 1
        }
        isInLine = true
        isImpatient = false
        if endpoint.concurrency == 1 { hasRoom = false }
        desk.ask(DeliveryDesk.Job(pump: self, work: work), isFailing: patience.isFailing)
    }

    /// What there is to do, by the store's word; nil where it has none, or has it no more.
    private func agenda() async -> EndpointAgenda? {
        if let storeRests, desk.loop.now() < storeRests {
            alarm.set(at: storeRests) { self.wake() }
            return nil
        }
        let before = changes
        let pending: [Delivery.Header]
        do {
            pending = try await desk.store.due(
                at: .distantFuture, endpoint: endpoint.name,
                limit: EndpointPump.pendingMax + endpoint.concurrency)
        } catch {
            storeFailed(error)
            return nil
        }
        guard before == changes else {
            mustLookAgain = true
            return nil
        }
        let standing = desk.store.standing(of: endpoint.name)
        recordsFrozen = pending.reduce(0) { $0 + $1.records }
        let waiting = Int(standing?.pending ?? 0) - recordsFrozen
        let isFull = waiting >= endpoint.batch.recordsMax
        if waiting == 0 {
            ripens = nil
        } else if ripens == nil {
            // Beside pending deliveries it is not known which record is the oldest that waits.
            let now = desk.time.wallTime()
            let since = pending.isEmpty ? min(standing?.oldest ?? now, now) : now
            ripens = since.advanced(by: endpoint.batch.delay)
        }
        return EndpointAgenda(
            concurrency: endpoint.concurrency, pending: pending, inFlight: inFlight, freezing: freezing,
            hasRecords: waiting > 0 && !foundNothing,
            pauseMax: isImpatient ? .zero : endpoint.retry.pauseMax,
            ripens: isFull ? nil : ripens)
    }

    func storeFailed(_ error: StoreError) {
        desk.events.storeFailed(endpoint.name, error)
        guard mayWork else { return }
        let instant = desk.loop.now().advanced(by: EndpointPump.storePause)
        storeRests = instant
        alarm.set(at: instant) { self.wake() }
    }

    // MARK: Delivering

    /// Does what it stood in line for. It holds a place meanwhile.
    func carryOut(_ work: Work) async {
        isInLine = false
        switch work {
        case .send(let header):
            // Beside this one there may be others to do.
            if endpoint.concurrency > 1 { wake() }
            if mayWork, let body = await body(of: header) {
                await deliver(header, body)
            }
            inFlight.remove(header.id)
        case .freeze:
            let delivery = mayWork ? await freeze() : nil
            if let id = delivery?.header.id { inFlight.insert(id) }
            freezing -= 1
            changes += 1
            if endpoint.concurrency > 1 { wake() }
            if let delivery {
                await deliver(delivery.header, delivery.body)
                inFlight.remove(delivery.header.id)
            }
        }
        changes += 1
    }

    private func deliver(_ header: Delivery.Header, _ body: [UInt8]) async {
        await DeliveryAttempt(header, body, pump: self, sender: sender, endpoint: endpoint).run()
    }

    private func body(of header: Delivery.Header) async -> [UInt8]? {
        do {
            return try await desk.store.body(of: header.id)
        } catch {
            storeFailed(error)
            return nil
        }
    }

    private func freeze() async -> Delivery? {
        ripens = nil
        let batch = endpoint.recordBatch
        do {
            let delivery = try await desk.store.freeze(
                endpoint: endpoint.name, recordsMax: endpoint.batch.recordsMax,
                bytesMax: endpoint.batch.bytesMax,
                encode: { FrozenBody(try batch.write($0.map(\.json))) })
            foundNothing = delivery == nil
            return delivery
        } catch {
            storeFailed(error)
            return nil
        }
    }
}

extension WebhookEndpoint {
    /// Whether it is tried although what it takes the place of was disabled.
    func revives(_ pump: EndpointPump) -> Bool {
        pump.isDisabled && (url != pump.endpoint.url || secrets != pump.endpoint.secrets)
    }
}

extension FrozenBody {
    init(_ body: RecordBody) {
        self.init(bytes: body.bytes, records: body.count, note: body.kind.rawValue)
    }
}

extension WallTime {
    /// After everything that waits.
    static let distantFuture = WallTime(nanosecondsSince1970: .max)

    func advanced(by duration: Duration) -> WallTime {
        WallTime(nanosecondsSince1970: nanosecondsSince1970 + duration.nanoseconds)
    }
}
