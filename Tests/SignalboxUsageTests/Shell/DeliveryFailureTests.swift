import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Testing

@testable import SignalboxUsage

@Suite(.timeLimit(.minutes(2))) struct DeliveryFailureTests {
    private let anHour = Duration.seconds(3_600)

    @Test func `while one delivery fails the others wait, and all arrive in order`() throws {
        let receiver = try WebhookReceiver(statuses: [500, 500])
        let bench = try DeliveryBench([try .to(receiver)])
        try bench.append(2)
        let first = try receiver.arrivals.take()
        try bench.settled("\"result\":\"retry\"")
        try bench.append(3)
        bench.advance(by: .seconds(6))
        #expect(try receiver.arrivals.take().id == first.id)
        try bench.settled("\"result\":\"retry\"")
        #expect(receiver.arrivals.count == 0)
        bench.advance(by: .seconds(360))
        var sequences: [Int] = []
        while sequences.count < 5 { sequences += try receiver.arrivals.take().sequences }
        #expect(sequences == [1, 2, 3, 4, 5])
        try bench.end(within: .seconds(5))
    }

    @Test func `an endpoint that is gone gets nothing more, and everything once it is enabled`() throws {
        let receiver = try WebhookReceiver(statuses: [410])
        let bench = try DeliveryBench([try .to(receiver)])
        try bench.append()
        let gone = try receiver.arrivals.take()
        #expect(try bench.log.line("webhook_endpoint_disabled").contains("410"))
        try bench.append(2)
        bench.advance(by: .seconds(86_400))
        #expect(bench.scrape.contains("signalbox_webhook_endpoint_disabled{endpoint=\"t1\"} 1\n"))
        #expect(bench.scrape.contains("llm_usage_outbox_pending{endpoint=\"t1\"} 3\n"))
        #expect(receiver.arrivals.count == 0)
        try bench.enable("t1")
        #expect(try receiver.arrivals.take().id == gone.id)
        #expect(try receiver.arrivals.take().sequences == [2, 3])
        #expect(bench.scrape.contains("signalbox_webhook_endpoint_disabled{endpoint=\"t1\"} 0\n"))
        try bench.end(within: .seconds(5))
    }

    @Test func `a reload enables, and sends to the new address`() throws {
        let old = try WebhookReceiver(statuses: [410])
        let new = try WebhookReceiver(statuses: [])
        let bench = try DeliveryBench([try .to(old)])
        try bench.append()
        let gone = try old.arrivals.take()
        _ = try bench.log.line("webhook_endpoint_disabled")
        try bench.update([try .to(new)])
        #expect(try new.arrivals.take().id == gone.id)
        try bench.end(within: .seconds(5))
    }

    @Test func `Retry-After is the least that a receiver gets`() throws {
        let receiver = try WebhookReceiver { _, before in
            before == 0 ? .status(429, fields: ["Retry-After: 3600"]) : .status(200)
        }
        let bench = try DeliveryBench([try .to(receiver)])
        try bench.append()
        _ = try receiver.arrivals.take()
        #expect(try bench.settled("retry").contains("\"next_attempt\":\"2026-01-01T01:00:00.000000Z\""))
        bench.advance(by: anHour - .seconds(1))
        bench.advance(by: .seconds(1))
        let second = try receiver.arrivals.take()
        #expect(second.timestamp == 1_767_225_600 + 3_600)
        try bench.end(within: .seconds(5))
    }

    @Test func `a receiver that does not answer in time is left alone for a minute`() throws {
        let receiver = try WebhookReceiver { _, before in before == 0 ? .hang : .status(200) }
        let bench = try DeliveryBench([try .to(receiver)])
        try bench.append()
        let first = try receiver.arrivals.take()
        bench.advance(by: .seconds(15))
        let line = try bench.settled("retry")
        #expect(line.contains("\"next_attempt\":\"2026-01-01T00:01:15.000000Z\""))
        bench.advance(by: .seconds(60))
        #expect(try receiver.arrivals.take().id == first.id)
        try bench.end(within: .seconds(5))
    }

    @Test func `a connection that ends without an answer is tried again`() throws {
        let receiver = try WebhookReceiver { _, before in before == 0 ? .hangUp : .status(200) }
        let bench = try DeliveryBench([try .to(receiver)])
        try bench.append()
        let first = try receiver.arrivals.take()
        try bench.settled("retry")
        bench.advance(by: .seconds(6))
        #expect(try receiver.arrivals.take().id == first.id)
        try bench.settled("delivered")
        try bench.end()
    }

    @Test func `what never arrives is given up, kept, and the next is sent`() throws {
        let receiver = try WebhookReceiver { arrival, _ in
            arrival.sequences == [1] ? .status(500) : .status(200)
        }
        var endpoint = try WebhookEndpoint.to(receiver)
        endpoint.retry = RetrySchedule(giveUpAfter: .seconds(60))
        let bench = try DeliveryBench([endpoint])
        try bench.append()
        let first = try receiver.arrivals.take()
        try bench.settled("retry")
        try bench.append(2)
        bench.advance(by: .seconds(60))
        #expect(try bench.log.line("webhook_delivery_exhausted").contains(first.id))
        #expect(try receiver.arrivals.take().id == first.id)
        #expect(try receiver.arrivals.take().sequences == [2, 3])
        try bench.settled("delivered")
        #expect(try bench.deadLetters().map(\.id) == [first.id])
        #expect(bench.scrape.contains("llm_webhook_dead_letters{endpoint=\"t1\"} 1\n"))
        #expect(bench.scrape.contains("llm_webhook_deliveries_total{endpoint=\"t1\",result=\"dead\"} 1\n"))
        try bench.end()
    }

    @Test func `what was not acknowledged is sent again by the next process, as it was`() throws {
        let receiver = try WebhookReceiver { _, before in before == 0 ? .hang : .status(200) }
        let bench = try DeliveryBench([try .to(receiver)])
        try bench.append(2)
        let first = try receiver.arrivals.take()
        try bench.end()
        let next = try DeliveryBench([try .to(receiver)], in: bench.directory, clock: bench.clock)
        let again = try receiver.arrivals.take()
        #expect(again.id == first.id)
        #expect(again.message.body == first.message.body)
        try next.settled("delivered")
        try next.end()
    }

    @Test func `the end waits for what is in flight`() throws {
        let gate = Handover<Void>()
        let receiver = try WebhookReceiver { _, _ in
            _ = try? gate.take()
            return .status(200)
        }
        let bench = try DeliveryBench([try .to(receiver)])
        try bench.append()
        _ = try receiver.arrivals.take()
        RawThread.start { gate.put(()) }
        try bench.end(within: .seconds(3_600))
        let next = try DeliveryBench([try .to(receiver)], in: bench.directory, clock: bench.clock)
        #expect(next.store.standing(of: "t1")?.pending == 0)
        try next.end()
    }

    @Test func `hanging endpoints delay nobody`() throws {
        let hanging = try WebhookReceiver { _, _ in .hang }
        let healthy = try WebhookReceiver(statuses: [])
        let dead = try (0..<30).map { try WebhookEndpoint.to(hanging, tenant: "dead-\($0)") }
        let alive = try (0..<40).map { try WebhookEndpoint.to(healthy, tenant: "alive-\($0)") }
        let bench = try DeliveryBench(dead + alive, concurrency: 20)
        for endpoint in dead { try bench.append(tenant: endpoint.tenant) }
        // They are not known to hang yet, and have all places; then half of the others fail as well.
        for _ in 0..<20 { _ = try hanging.arrivals.take() }
        bench.advance(by: .seconds(15))
        for _ in 0..<20 { try bench.settled("retry") }
        for _ in 0..<10 { _ = try hanging.arrivals.take() }
        bench.advance(by: .seconds(15))
        for _ in 0..<10 { try bench.settled("retry") }
        // Now they are, and hang again, in ten places; whatever comes for the others goes out at once.
        bench.advance(by: .seconds(60))
        for _ in 0..<10 { _ = try hanging.arrivals.take() }
        for _ in 0..<5 {
            for endpoint in alive { try bench.append(tenant: endpoint.tenant) }
            for _ in alive { _ = try healthy.arrivals.take() }
        }
        #expect(hanging.arrivals.count == 0, "ten of twenty places are theirs, and no more")
        try bench.end()
    }

    @Test func `the operator hears of what is given up and of who is disabled, and of itself nothing`() throws
    {
        let receiver = try WebhookReceiver(statuses: [422, 410])
        let office = try WebhookReceiver(statuses: [500, 200, 410])
        var endpoint = try WebhookEndpoint.to(receiver)
        endpoint.format = .lago(.init(subscription: "s"))
        var operatorEndpoint = try WebhookEndpoint.to(port: office.port, tenant: "")
        operatorEndpoint.name = WebhookEndpoint.operatorName
        let bench = try DeliveryBench([endpoint, operatorEndpoint])
        try bench.append()
        let lost = try receiver.arrivals.take()
        let first = try office.arrivals.take()
        try bench.settled("\"endpoint\":\"operator\"")
        bench.advance(by: .seconds(6))
        let told = try office.arrivals.take()
        #expect(told.id == first.id && told.isSigned(with: operatorEndpoint.secrets))
        #expect(
            told.text.hasPrefix(
                "{\"type\":\"delivery.exhausted\",\"timestamp\":\"2026-01-01T00:00:00.000000Z\""))
        #expect(told.text.contains(lost.id) && told.text.contains("\"error\":\"status 422\""))
        try bench.append()
        #expect(try office.arrivals.take().text.hasPrefix("{\"type\":\"endpoint.disabled\""))
        #expect(try bench.log.line("webhook_endpoint_disabled").contains("t1"))
        #expect(try bench.log.line("webhook_endpoint_disabled").contains("operator"))
        #expect(bench.scrape.contains("llm_usage_outbox_pending{endpoint=\"operator\"} 1\n"))
        try bench.end(within: .seconds(5))
    }

    @Test func `a clock that is set back puts nothing off for longer than the longest pause`() throws {
        let receiver = try WebhookReceiver(statuses: [500])
        var endpoint = try WebhookEndpoint.to(receiver)
        endpoint.retry = RetrySchedule(pauseMin: .seconds(1), pauseMax: .seconds(5))
        let bench = try DeliveryBench([endpoint])
        bench.advance(by: .seconds(86_400))
        try bench.append()
        let first = try receiver.arrivals.take()
        try bench.settled("retry")
        try bench.end()
        let next = try DeliveryBench([endpoint], in: bench.directory)
        #expect(try receiver.arrivals.take().id == first.id)
        try next.end(within: .seconds(5))
    }

    @Test func `a reload that changes neither address nor secrets leaves the disabled disabled`() throws {
        let receiver = try WebhookReceiver(statuses: [410])
        var endpoint = try WebhookEndpoint.to(receiver)
        let bench = try DeliveryBench([endpoint])
        try bench.append()
        _ = try receiver.arrivals.take()
        _ = try bench.log.line("webhook_endpoint_disabled")
        endpoint.timeout = .seconds(20)
        try bench.update([endpoint])
        #expect(bench.store.standing(of: "t1")?.disabled != nil)
        endpoint.secrets = [try WebhookEndpoint.secret(3)]
        try bench.update([endpoint])
        #expect(try receiver.arrivals.take().isSigned(with: endpoint.secrets))
        #expect(bench.store.standing(of: "t1")?.disabled == nil)
        try bench.end(within: .seconds(5))
    }

    @Test func `several at a time overtake one that fails, and no more are frozen than may be`() throws {
        let receiver = try WebhookReceiver { arrival, _ in
            arrival.sequences == [1] ? .status(500) : .status(200)
        }
        var endpoint = try WebhookEndpoint.to(receiver)
        endpoint.concurrency = 2
        endpoint.batch.recordsMax = 1
        let bench = try DeliveryBench([endpoint])
        try bench.append()
        try bench.settled("retry")
        try bench.append(5)
        for _ in 0..<5 { try bench.settled("delivered") }
        var sequences: [Int] = []
        for _ in 0..<6 { sequences += try receiver.arrivals.take().sequences }
        #expect(sequences == [1, 2, 3, 4, 5, 6])
        #expect(bench.scrape.contains("llm_usage_outbox_pending{endpoint=\"t1\"} 1\n"))
        try bench.end()
    }

    @Test func `enabling an endpoint ends its pause`() throws {
        let receiver = try WebhookReceiver { _, before in
            before == 0 ? .status(503, fields: ["Retry-After: 3600"]) : .status(200)
        }
        let bench = try DeliveryBench([try .to(receiver)])
        try bench.append()
        let first = try receiver.arrivals.take()
        try bench.settled("retry")
        try bench.enable("t1")
        #expect(try receiver.arrivals.take().id == first.id)
        try bench.settled("delivered")
        try bench.end()
    }

    @Test func `the end ends what was begun with settings, and for endpoints, that are gone`() throws {
        let receiver = try WebhookReceiver { _, _ in .hang }
        let other = try WebhookReceiver { _, _ in .hang }
        var endpoint = try WebhookEndpoint.to(receiver)
        let bench = try DeliveryBench([endpoint, try .to(other, tenant: "t2")])
        try bench.append()
        try bench.append(tenant: "t2")
        let first = try receiver.arrivals.take()
        _ = try other.arrivals.take()
        endpoint.timeout = .seconds(20)
        try bench.update([endpoint])
        try bench.end()
        let next = try DeliveryBench([endpoint], in: bench.directory, clock: bench.clock)
        #expect(try receiver.arrivals.take().id == first.id)
        try next.end()
    }
}
