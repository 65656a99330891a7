import Foundation
import SignalboxCore
import SignalboxHTTP
import SignalboxStore
import SignalboxTelemetry
import SignalboxTesting

@testable import SignalboxUsage

/// A store, deliveries from it, and a clock that stands still until the test moves it.
final class DeliveryBench: Sendable {
    let clock: ManualClock
    let log: LogPipe
    let registry = MetricRegistry()
    let store: UsageStore
    let deliveries: WebhookDeliveries
    let directory: Directory
    private let loop: EventLoop

    /// A directory that goes when the last bench on it does.
    final class Directory: Sendable {
        let path: String

        init() throws {
            let place = FileManager.default.temporaryDirectory.appendingPathComponent("webhooks-\(UUID())")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            path = place.path
        }

        deinit {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                print("\(path) stays: \(error)")
            }
        }
    }

    static let allowed = [AddressRange(around: .v4(0x7F00_0000), prefixLength: 8)]

    /// - Parameter directory: another bench's, to go on where it ended.
    init(
        _ endpoints: [WebhookEndpoint], concurrency: Int = 256, allowed: [AddressRange] = allowed,
        in directory: Directory? = nil, clock: ManualClock = ManualClock()
    ) throws {
        self.clock = clock
        self.directory = try directory ?? Directory()
        log = try LogPipe()
        loop = try EventLoop(index: 0)
        try loop.start()
        store = try UsageStore.open(StoreSettings(directory: self.directory.path), time: clock).store
        deliveries = try WebhookDeliveries(
            store: store, registry: registry, logger: Logger(writer: log.writer, time: clock), time: clock)
        let deliveries = deliveries
        let settings = WebhookDeliveries.Settings(
            endpoints: endpoints, concurrency: concurrency, allowed: allowed)
        try loop.run { try await deliveries.start(settings) }
    }

    deinit {
        loop.stop()
        loop.join()
    }

    /// Ends deliveries and store. Every test does.
    func end(within limit: Duration = .zero) throws {
        let (deliveries, store, loop) = (deliveries, store, loop)
        try loop.run { await deliveries.shutdown(within: limit) }
        try loop.run { await store.close() }
    }

    func update(_ endpoints: [WebhookEndpoint]) throws {
        let deliveries = deliveries
        let settings = WebhookDeliveries.Settings(endpoints: endpoints, allowed: DeliveryBench.allowed)
        try loop.run { try await deliveries.update(settings) }
    }

    func enable(_ endpoint: String) throws {
        let deliveries = deliveries
        try loop.run { try await deliveries.enable(endpoint) }
    }

    /// Records of a tenant, on disk in one commit or a few.
    func append(_ count: Int = 1, tenant: String = "t1") throws {
        let (store, clock) = (store, clock)
        try loop.run {
            var random = FastRandom()
            var tickets: [UsageStore.Ticket] = []
            for number in 0..<count {
                let now = clock.wallTime()
                tickets.append(
                    try store.append(
                        UsageRecord(
                            id: UUIDv7(at: now, using: &random), requestID: "r-\(number)", attempt: 1,
                            provider: "groq", model: "llama", requestedModel: "chat",
                            usage: TokenUsage(promptTokens: 10, completionTokens: 5), source: .provider,
                            latency: .milliseconds(250), outcome: .success, key: "groq-0", timestamp: now,
                            tenant: tenant)))
            }
            for ticket in tickets { try await store.committed(ticket) }
        }
    }

    /// Moves the clock, and lets the loop see it.
    func advance(by duration: Duration) {
        clock.advance(by: duration)
        deliveries.wake()
    }

    /// Waits until an attempt has been written down.
    @discardableResult
    func settled(_ part: String = "") throws -> String {
        try log.line("webhook_delivery", containing: part)
    }

    var scrape: String {
        var bytes: [UInt8] = []
        registry.renderText(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func deadLetters(_ endpoint: String = "t1") throws -> [Delivery.Header] {
        let store = store
        return try loop.run { try await store.deadLetters(endpoint: endpoint, limit: 100) }
    }
}

extension WebhookEndpoint {
    static func secret(_ byte: UInt8 = 1) throws -> WebhookSecret {
        try WebhookSecret(Secret("whsec_" + Base64Text.encode([UInt8](repeating: byte, count: 32))))
    }

    /// One that sends each record at once, alone or with what has come meanwhile.
    static func to(_ receiver: WebhookReceiver, tenant: String = "t1") throws -> WebhookEndpoint {
        try to(port: receiver.port, tenant: tenant)
    }

    static func to(port: Int, tenant: String = "t1") throws -> WebhookEndpoint {
        var endpoint = WebhookEndpoint(
            name: tenant, tenant: tenant, url: "http://127.0.0.1:\(port)/usage", secrets: [try secret()])
        endpoint.batch.delay = .zero
        return endpoint
    }
}
