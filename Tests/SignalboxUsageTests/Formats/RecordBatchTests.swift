import Foundation
import SignalboxCore
import Testing

@testable import SignalboxUsage

/// Records as the daemon writes them.
func sampleRecord(_ sequence: Int64, cost: Money? = Money(nano: 1_234_567, currency: "USD")) -> [UInt8] {
    var random = FastRandom(seed: UInt64(sequence))
    let time = WallTime(nanosecondsSince1970: 1_767_225_600_123_456_000 + sequence * 1_000_000_000)
    return UsageRecord(
        id: UUIDv7(at: time, using: &random), requestID: "r-\(sequence)", attempt: 1, provider: "groq",
        model: "llama", requestedModel: "chat",
        usage: TokenUsage(promptTokens: 10, completionTokens: 20), source: .provider, cost: cost,
        latency: .milliseconds(120), outcome: .success, key: "groq-0", timestamp: time, tenant: "tenant-123"
    ).json(sequence: sequence)
}

@Suite struct RecordBatchTests {
    private static let formats: [RecordFormat] = [
        .signalbox, .cloudEvents(.init()), .lago(.init(subscription: "sub-1")), .ndjson,
    ]

    private func object(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    private func records(_ numbers: ClosedRange<Int64>) -> [[UInt8]] { numbers.map { sampleRecord($0) } }

    private func write(
        _ format: RecordFormat, _ numbers: ClosedRange<Int64>, bytesMax: Int = 90_000, bare: Bool = false
    ) throws -> RecordBody {
        try RecordBatch(format, bytesMax: bytesMax, sendsSinglesBare: bare).write(records(numbers))
    }

    @Test func `Signalbox's own has type, time, tenant and the records' very bytes`() throws {
        let body = try write(.signalbox, 7...9)
        #expect(body.count == 3)
        let whole = try object(body.bytes)
        #expect(whole["type"] as? String == "usage.records")
        #expect(whole["timestamp"] as? String == "2026-01-01T00:00:09.123456Z")
        let data = try #require(whole["data"] as? [String: Any])
        #expect(data["tenant_id"] as? String == "tenant-123")
        #expect(data["first_sequence"] as? Int == 7)
        #expect(data["last_sequence"] as? Int == 9)
        #expect((data["records"] as? [[String: Any]])?.compactMap { $0["sequence"] as? Int } == [7, 8, 9])
        #expect(
            String(decoding: body.bytes, as: UTF8.self).contains(
                String(decoding: sampleRecord(8), as: UTF8.self)))
    }

    @Test func `a bare batch of one is the record, and of two the envelope`() throws {
        let single = try write(.signalbox, 7...7, bare: true)
        #expect(single.bytes == sampleRecord(7))
        #expect(single.kind == .record)
        #expect(
            try object(try write(.signalbox, 7...8, bare: true).bytes)["type"] as? String == "usage.records")
    }

    @Test func `a bare CloudEvent is an event, with the content type of one`() throws {
        let single = try write(.cloudEvents(.init()), 7...7, bare: true)
        #expect(try object(single.bytes)["specversion"] as? String == "1.0")
        #expect(single.kind.contentType == "application/cloudevents+json")
        #expect(try write(.lago(.init(subscription: "s")), 7...7, bare: true).kind == .lago)
    }

    @Test func `CloudEvents carry the record's id, time and tenant`() throws {
        let format = RecordFormat.cloudEvents(.init(source: "/router", type: "llm.used"))
        let body = try write(format, 1...2)
        #expect(body.kind.contentType == "application/cloudevents-batch+json")
        let events = try #require(
            try JSONSerialization.jsonObject(with: Data(body.bytes)) as? [[String: Any]])
        let record = try object(sampleRecord(2))
        #expect(events.count == 2)
        #expect(events[1]["specversion"] as? String == "1.0")
        #expect(events[1]["id"] as? String == record["id"] as? String)
        #expect(events[1]["source"] as? String == "/router")
        #expect(events[1]["type"] as? String == "llm.used")
        #expect(events[1]["subject"] as? String == "tenant-123")
        #expect(events[1]["time"] as? String == "2026-01-01T00:00:02.123456Z")
        #expect((events[1]["data"] as? [String: Any])?["prompt_tokens"] as? Int == 10)
    }

    @Test func `Lago's events have the record's id, its time in seconds and its cost in cents`() throws {
        let body = try write(.lago(.init(code: "tokens", subscription: "sub-1")), 1...2)
        let events = try #require(try object(body.bytes)["events"] as? [[String: Any]])
        #expect(events.count == 2)
        #expect(events[0]["transaction_id"] as? String == (try object(sampleRecord(1)))["id"] as? String)
        #expect(events[0]["external_subscription_id"] as? String == "sub-1")
        #expect(events[0]["code"] as? String == "tokens")
        #expect(events[0]["timestamp"] as? Double == 1_767_225_601.123456)
        #expect(events[0]["precise_total_amount_cents"] as? String == "0.1234567")
        #expect((events[0]["properties"] as? [String: Any])?["total_tokens"] as? Int == 30)
    }

    @Test(arguments: [nil, Money(nano: 5, currency: "JPY"), Money(nano: 5, currency: "KWD")])
    func `Lago is told no cents where there is no cost, or cents are no part of the currency`(
        cost: Money?
    ) throws {
        let body = try RecordBatch(.lago(.init(subscription: "s")), bytesMax: 90_000)
            .write([sampleRecord(1, cost: cost)])
        #expect(!String(decoding: body.bytes, as: UTF8.self).contains("cents"))
    }

    @Test func `Lago gets a hundred events at most`() throws {
        let body = try write(.lago(.init(subscription: "s")), 1...101, bytesMax: 1 << 20)
        #expect(body.count == 100)
    }

    @Test func `NDJSON is a record a line, the last line ended, too`() throws {
        let body = try write(.ndjson, 1...2)
        #expect(body.bytes == sampleRecord(1) + [0x0A] + sampleRecord(2) + [0x0A])
    }

    @Test(arguments: formats) func `a batch is as large as fits, and not a byte larger`(
        format: RecordFormat
    ) throws {
        for bytesMax in stride(from: 300, through: 6_000, by: 37) {
            let body = try write(format, 1...12, bytesMax: bytesMax)
            #expect(body.count >= 1)
            if body.count > 1 { #expect(body.bytes.count <= bytesMax) }
            guard body.count < 12 else { continue }
            let next = try RecordBatch(format, bytesMax: .max).write(
                records(1...Int64(body.count + 1)))
            #expect(next.bytes.count > bytesMax, "one more would have fit")
        }
    }

    @Test(arguments: formats) func `the same records make the same bytes`(format: RecordFormat) throws {
        #expect(try write(format, 1...20) == write(format, 1...20))
    }

    @Test(arguments: formats) func `a record that is no JSON is not sent on`(format: RecordFormat) {
        #expect(throws: JSONSyntaxError.self) {
            try RecordBatch(format, bytesMax: 100).write([Array("{".utf8)])
        }
    }

    @Test(arguments: formats) func `halves are what would have been written of half the records`(
        format: RecordFormat
    ) throws {
        let halves = try RecordBody.halves(of: try write(format, 1...5).bytes, format.kind(isSingle: false))
        #expect(halves == [try write(format, 1...2), try write(format, 3...5)])
    }

    @Test(arguments: formats) func `a part is what would have been written of those records`(
        format: RecordFormat
    ) throws {
        let whole = try write(format, 1...5)
        let part = try RecordBody.part([1, 3], of: whole.bytes, whole.kind)
        #expect(part == (try RecordBatch(format, bytesMax: .max).write([sampleRecord(2), sampleRecord(4)])))
    }

    @Test(arguments: BodyKind.allCases) func `what cannot be taken apart is not`(kind: BodyKind) {
        #expect(throws: JSONSyntaxError.self) { try RecordBody.halves(of: Array("[{}]".utf8), kind) }
        #expect(throws: JSONSyntaxError.self) { try RecordBody.part([], of: Array("[{}]".utf8), kind) }
    }
}
