import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxUsage

@Suite(.timeLimit(.minutes(2))) struct DeliveryTests {
    @Test(arguments: [true, false]) func `a delivery is signed over what it was before it was compressed`(
        isPacked: Bool
    ) throws {
        let receiver = try WebhookReceiver(statuses: [])
        var endpoint = try WebhookEndpoint.to(receiver)
        endpoint.isPacked = isPacked
        endpoint.headers = [.init("authorization", Secret("Bearer x"))]
        let bench = try DeliveryBench([endpoint])
        try bench.append(3)
        var sequences: [Int] = []
        while sequences.count < 3 {
            let arrival = try receiver.arrivals.take()
            sequences += arrival.sequences
            #expect(arrival.isPacked == isPacked)
            #expect(arrival.isSigned(with: endpoint.secrets))
            #expect(arrival.id.hasPrefix("msg_"))
            #expect(arrival.timestamp == bench.clock.wallTime().nanosecondsSince1970 / 1_000_000_000)
            #expect(arrival.message.header("content-type") == "application/json")
            #expect(arrival.message.header("authorization") == "Bearer x")
            #expect(arrival.message.header("user-agent")?.hasPrefix("Signalbox-Webhooks/") == true)
            try bench.settled("\"result\":\"delivered\"")
        }
        #expect(sequences == [1, 2, 3])
        for _ in 0..<3 {
            try bench.append()
            try bench.settled("\"result\":\"delivered\"")
        }
        #expect(receiver.connections == 1)
        let encoding = isPacked ? "gzip" : "identity"
        #expect(
            !bench.scrape.contains("llm_webhook_bytes_total{endpoint=\"t1\",encoding=\"\(encoding)\"} 0\n"))
        #expect(bench.scrape.contains("llm_usage_outbox_pending{endpoint=\"t1\"} 0\n"))
        try bench.end()
    }

    @Test func `every attempt has the same id and bytes, and a time and signature of its own`() throws {
        let receiver = try WebhookReceiver(statuses: [500, 503, 404])
        let endpoint = try WebhookEndpoint.to(receiver)
        let bench = try DeliveryBench([endpoint])
        try bench.append()
        var arrivals: [WebhookReceiver.Arrival] = []
        for pause in [Duration.seconds(6), .seconds(360), .seconds(2_160)] {
            arrivals.append(try receiver.arrivals.take())
            try bench.settled("\"result\":\"retry\"")
            bench.advance(by: pause)
        }
        arrivals.append(try receiver.arrivals.take())
        try bench.settled("\"result\":\"delivered\"")
        #expect(Set(arrivals.map(\.id)).count == 1)
        #expect(Set(arrivals.map(\.message.body)).count == 1)
        #expect(Set(arrivals.map(\.timestamp)).count == 4)
        #expect(Set(arrivals.map(\.signature)).count == 4)
        for arrival in arrivals { #expect(arrival.isSigned(with: endpoint.secrets)) }
        #expect(bench.scrape.contains("llm_webhook_deliveries_total{endpoint=\"t1\",result=\"retry\"} 3\n"))
        try bench.end()
    }

    @Test func `while secrets are rotated a delivery is signed with each`() throws {
        let receiver = try WebhookReceiver(statuses: [])
        var endpoint = try WebhookEndpoint.to(receiver)
        endpoint.secrets = [try WebhookEndpoint.secret(2), try WebhookEndpoint.secret(1)]
        let bench = try DeliveryBench([endpoint])
        try bench.append()
        let arrival = try receiver.arrivals.take()
        #expect(arrival.signature.split(separator: " ").count == 2)
        #expect(arrival.isSigned(with: endpoint.secrets))
        try bench.end(within: .seconds(5))
    }

    @Test func `who does not take gzip gets the same delivery plain at once, and plain ones from then on`()
        throws
    {
        let receiver = try WebhookReceiver { arrival, _ in
            arrival.isPacked ? .status(415, fields: ["Accept-Encoding: identity"]) : .status(204)
        }
        let bench = try DeliveryBench([try .to(receiver)])
        try bench.append()
        let packed = try receiver.arrivals.take()
        let plain = try receiver.arrivals.take()
        #expect(packed.isPacked && !plain.isPacked)
        #expect(packed.id == plain.id)
        #expect(packed.body == plain.body)
        try bench.settled("\"result\":\"delivered\"")
        try bench.append()
        #expect(try receiver.arrivals.take().isPacked == false)
        try bench.settled("\"result\":\"delivered\"")
        #expect(bench.scrape.contains("llm_webhook_deliveries_total{endpoint=\"t1\",result=\"retry\"} 0\n"))
        try bench.end()
    }

    @Test func `a batch that is too large is halved until it is taken, in its order`() throws {
        let receiver = try WebhookReceiver { arrival, _ in
            arrival.sequences.count > 2 ? .status(413) : .status(200)
        }
        var endpoint = try WebhookEndpoint.to(receiver)
        endpoint.batch.delay = .seconds(1)
        let bench = try DeliveryBench([endpoint])
        try bench.append(8)
        bench.advance(by: .seconds(2))
        var taken: [Int] = []
        while taken.count < 8 {
            let arrival = try receiver.arrivals.take()
            if arrival.sequences.count <= 2 { taken += arrival.sequences }
            try bench.settled()
        }
        #expect(taken.sorted() == Array(1...8))
        #expect(bench.scrape.contains("llm_usage_outbox_pending{endpoint=\"t1\"} 0\n"))
        try bench.end()
    }

    @Test func `a redirect is a failure, and nobody follows it`() throws {
        let elsewhere = try WebhookReceiver(statuses: [])
        let receiver = try WebhookReceiver { _, _ in
            .status(307, fields: ["Location: http://127.0.0.1:\(elsewhere.port)/"])
        }
        let bench = try DeliveryBench([try .to(receiver)])
        try bench.append()
        let line = try bench.settled("\"result\":\"retry\"")
        #expect(line.contains("\"status\":307"))
        #expect(elsewhere.connections == 0)
        try bench.end()
    }

    @Test func `nothing is sent into the house unless that is allowed`() throws {
        let receiver = try WebhookReceiver(statuses: [])
        let bench = try DeliveryBench([try .to(receiver)], allowed: [])
        try bench.append()
        let line = try bench.settled("\"result\":\"retry\"")
        #expect(line.contains("the address 127.0.0.1 is loopback: add it to webhooks.allow"))
        #expect(receiver.connections == 0)
        try bench.end()
    }

    @Test func `Lago gets the events that it does not have yet`() throws {
        let known = #"{"transaction_id":["value_already_exist"]}"#
        let receiver = try WebhookReceiver { _, before in
            before == 0
                ? .status(422, body: #"{"error_details":{"0":\#(known),"2":\#(known)}}"#)
                : .status(422, body: #"{"error_details":{"0":\#(known)}}"#)
        }
        var endpoint = try WebhookEndpoint.to(receiver)
        endpoint.format = .lago(.init(subscription: "s"))
        endpoint.batch.delay = .seconds(1)
        let bench = try DeliveryBench([endpoint])
        try bench.append(3)
        bench.advance(by: .seconds(2))
        #expect(try receiver.arrivals.take().sequences == [1, 2, 3])
        #expect(try receiver.arrivals.take().sequences == [2])
        try bench.settled("\"result\":\"delivered\"")
        #expect(bench.scrape.contains("llm_usage_outbox_pending{endpoint=\"t1\"} 0\n"))
        try bench.end()
    }

    @Test func `records wait for others, but no longer than they may, and not in a full batch`() throws {
        let receiver = try WebhookReceiver(statuses: [])
        var endpoint = try WebhookEndpoint.to(receiver)
        endpoint.batch = .init(recordsMax: 10, delay: .seconds(1))
        let bench = try DeliveryBench([endpoint])
        try bench.append(25)
        // Ten, ten, and five that wait.
        var sequences: [Int] = []
        while sequences.count < 20 { sequences += try receiver.arrivals.take().sequences }
        for _ in 0..<2 { try bench.settled() }
        #expect(sequences == Array(1...20))
        bench.advance(by: .seconds(1))
        #expect(try receiver.arrivals.take().sequences == Array(21...25))
        try bench.end(within: .seconds(5))
    }
}
