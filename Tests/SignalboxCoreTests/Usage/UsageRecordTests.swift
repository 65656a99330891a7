import SignalboxCore
import Testing

struct UsageRecordTests {
    private func record() throws -> UsageRecord {
        UsageRecord(
            id: try #require(UUIDv7("0190163d-8694-739b-aea5-966c26f8ad91")), requestID: "req-1", attempt: 2,
            provider: "groq", model: "llama", requestedModel: "chat",
            usage: TokenUsage(promptTokens: 12, completionTokens: 30, cachedTokens: 4), source: .provider,
            cost: Money(nano: 1_500, currency: "USD"), priceVersion: "2026-11",
            latency: .microseconds(123_004),
            timeToFirstToken: .milliseconds(20), isStreaming: true, outcome: .success, key: "groq-0",
            timestamp: WallTime(nanosecondsSince1970: 1_795_239_545_123_456_000), tenant: "tenant-123",
            tenantKey: "tenant-123-0", platformKeyID: "key-456", sessionID: "s \"1\"")
    }

    @Test func `a record's JSON has the contract's fields in one order`() throws {
        let text = String(decoding: try record().json(sequence: 7), as: UTF8.self)
        #expect(
            text == """
                {"id":"0190163d-8694-739b-aea5-966c26f8ad91","schema":"signalbox.usage.v1","sequence":7,\
                "request_id":"req-1","attempt":2,"provider":"groq","model":"llama","requested_model":"chat",\
                "prompt_tokens":12,"completion_tokens":30,"total_tokens":42,"cached_tokens":4,\
                "usage_source":"provider","cost":0.0000015,"cost_nano":"1500","currency":"USD",\
                "price_version":"2026-11","latency_ms":123.004,"time_to_first_token_ms":20,"success":true,\
                "streaming":true,"outcome":"success","key":"groq-0",\
                "timestamp":"2026-11-21T05:39:05.123456Z","tenant_id":"tenant-123",\
                "tenant_key":"tenant-123-0","platform_key_id":"key-456","session_id":"s \\"1\\""}
                """)
    }

    @Test func `a record is read again as it was`() throws {
        let whole = try record()
        #expect(try UsageRecord(json: whole.json(sequence: 1)) == whole)
    }

    @Test func `what is absent is absent, not null`() throws {
        let bare = UsageRecord(
            id: try record().id, requestID: "r", attempt: 1, provider: "p", model: "m", requestedModel: "m",
            latency: .zero, outcome: .failure, errorType: "timeout", key: "p-0",
            timestamp: WallTime(nanosecondsSince1970: 0), tenant: "anonymous")
        let text = String(decoding: bare.json(sequence: 1), as: UTF8.self)
        for name in ["cost", "tokens", "null", "session_id", "platform_key_id", "time_to_first"] {
            #expect(!text.contains(name))
        }
        #expect(text.contains(#""usage_source":"none""#))
        #expect(text.contains(#""timestamp":"1970-01-01T00:00:00.000000Z""#))
        #expect(try UsageRecord(json: bare.json(sequence: 1)) == bare)
    }

    @Test func `an amount beyond 64 bits keeps every digit`() throws {
        var large = try record()
        large.cost = Money(nano: Int128(Int64.max) * 1_000 + 7, currency: "EUR")
        #expect(try UsageRecord(json: large.json(sequence: 1)).cost == large.cost)
    }

    @Test(arguments: ["", "{}", "[1]", #"{"schema":"signalbox.usage.v2"}"#])
    func `what is no record is refused`(text: String) {
        #expect(throws: UsageRecord.Unreadable.self) { try UsageRecord(json: Array(text.utf8)) }
    }
}

struct UUIDv7Tests {
    @Test func `it tells its moment and sorts by it`() {
        var random = FastRandom(seed: 1)
        let times = [0, 1, 1_000, 1_795_239_545_123].map { WallTime(nanosecondsSince1970: $0 * 1_000_000) }
        let names = times.map { UUIDv7(at: $0, using: &random) }
        #expect(names.map(\.time) == times)
        #expect(names.map(\.description).sorted() == names.map(\.description))
        #expect(names.allSatisfy { UUIDv7($0.description) == $0 })
    }

    @Test(arguments: [
        "", "0190163d-8694-439b-aea5-966c26f8ad91", "0190163D-8694-739B-AEA5-966C26F8AD91",
        "0190163d8694739baea5966c26f8ad91", "0190163d-8694-739b-2ea5-966c26f8ad91",
    ])
    func `what is none is refused`(text: String) {
        #expect(UUIDv7(text) == nil)
    }

    @Test func `a hundred thousand of one millisecond differ`() {
        var random = FastRandom(seed: 2)
        let time = WallTime(nanosecondsSince1970: 1_795_239_545_123_000_000)
        #expect(Set((0..<100_000).map { _ in UUIDv7(at: time, using: &random) }).count == 100_000)
    }
}

struct InternetDateTests {
    @Test func `times are read as they are printed`() {
        var random = FastRandom(seed: 3)
        for _ in 0..<2_000 {
            let microseconds = Int64.random(in: 0..<7_000_000_000_000_000, using: &random)
            let time = WallTime(nanosecondsSince1970: microseconds * 1_000)
            #expect(InternetDate.parse(InternetDate.print(time)) == time)
        }
    }

    @Test(arguments: [
        ("2026-11-21T05:39:05Z", 1_795_239_545), ("2026-11-21T07:39:05+02:00", 1_795_239_545),
        ("2026-11-20 23:39:05-06:00", 1_795_239_545),
    ])
    func `any offset is taken`(text: String, seconds: Int64) {
        let time = WallTime(nanosecondsSince1970: seconds * 1_000_000_000)
        #expect(InternetDate.parse(text) == time)
    }

    @Test func `a day alone begins at midnight`() {
        let midnight = WallTime(nanosecondsSince1970: 1_795_219_200_000_000_000)
        #expect(InternetDate.parseDay("2026-11-21") == midnight)
        #expect(InternetDate.parseDay("2026-02-29") == nil)
        #expect(InternetDate.parseDay("2026-11-21T") == nil)
    }

    @Test(arguments: [
        "", "2026", "2026-02-30T00:00:00Z", "2026-02-30", "2026-13-01", "2026-11-21T", "2026-11-21T05:39:05",
        "2026-11-21T25:00:00Z",
        "2026-11-21T05:39:05.Z", "2026-11-21T05:39:05Zx", "1969-12-31",
    ])
    func `what is no time is none`(text: String) {
        #expect(InternetDate.parse(text) == nil)
    }
}
