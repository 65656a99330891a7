import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxTelemetry
import SignalboxTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct UsageListenerTests {
    private struct Deaf: Error {}

    private func count(_ result: ListenerResult, in test: TestRouter) -> UInt64 {
        test.registry.counter(Catalogue.usageListenerRecords).series(result.rawValue).value
    }

    @Test func `a listener hears of every attempt, in order, without a journal`() async throws {
        let heard = Signal<UsageRecord>()
        let listener = UsageListener { heard.put($0) }
        let test = try TestRouter(models: ["mock-unhealthy", "mock-normal"], listener: listener)
        let outcome = try await test.outcome(of: chat())
        for attempt in 1...outcome.attempts {
            let record = try #require(await heard.take())
            #expect(record.attempt == attempt)
            #expect((record.outcome == .success) == (attempt == outcome.attempts))
        }
    }

    @Test func `what it throws touches no request`() async throws {
        let called = Signal<Bool>()
        let listener = UsageListener { _ in
            called.put(true)
            throw Deaf()
        }
        let journal = FakeJournal()
        let test = try TestRouter(models: ["mock-normal"], journal: journal, listener: listener)
        #expect(try await test.outcome(of: chat()).failure == nil)
        #expect(await called.take() == true)
        #expect(journal.records.count == 1)
        await test.closeBooks()
        #expect(count(.failed, in: test) == 1 && count(.heard, in: test) == 0)
    }

    @Test func `what it cannot keep up with is dropped and counted`() async throws {
        let (gate, begun) = (Signal<Bool>(), Signal<Bool>())
        let listener = UsageListener(waitingMax: 2) { _ in
            begun.put(true)
            _ = await gate.take()
        }
        let test = try TestRouter(models: ["mock-normal"], listener: listener)
        _ = try await test.outcome(of: chat())
        #expect(await begun.take() == true)
        for _ in 0..<5 { _ = try await test.outcome(of: chat()) }
        #expect(count(.dropped, in: test) == 3)
        for _ in 0..<3 { gate.put(true) }
        await test.closeBooks()
        #expect(count(.heard, in: test) == 3)
    }

    @Test func `it hears of the tenants that it asked for, and of none that has a webhook`() async throws {
        let heard = Signal<String>()
        let wanted = UsageListener(tenants: ["b"]) { heard.put($0.tenant) }
        let test = try TestRouter(models: ["mock-normal"], listener: wanted) {
            $0.tenants = [Configuration.Tenant(id: "a", keys: []), Configuration.Tenant(id: "b", keys: [])]
        }
        for tenant in [0, 1] { _ = try await test.outcome(of: chat(), tenant: tenant) }
        #expect(await heard.take() == "b")
        await test.closeBooks()
        #expect(count(.heard, in: test) == 1)
    }

    @Test func `a tenant has a webhook or a listener, not both`() throws {
        var configuration = Configuration()
        var tenant = Configuration.Tenant(id: "a", keys: [])
        tenant.webhook = Configuration.Webhook(
            url: "https://billing.example.com/usage", host: "billing.example.com",
            secrets: [Secret("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")])
        configuration.tenants = [tenant]
        configuration.usage.durability = .none
        let writer = LogWriter(descriptor: -1)
        defer { writer.shutdown() }
        #expect(throws: RouterError.self) {
            try UsageBooks.open(
                configuration, listener: UsageListener(tenants: ["a"]) { _ in }, registry: MetricRegistry(),
                logger: Logger(writer: writer))
        }
    }
}
