import SignalboxCore
import Testing

@testable import SignalboxTelemetry

@Suite struct LogLineTests {
    @Test func `a line has its fields in order, and absent ones are absent`() throws {
        let line = Self.line { line in
            line.string("provider", "groq")
            line.string("model", nil as String?)
            line.int("status", 503)
            line.double("cost", 0.25)
            line.bool("streaming", false)
            line.milliseconds("latency_ms", .microseconds(12_007))
            line.string("key", Secret("gsk_0123456789"))
            line.array("attempts", ["a", "b"]) { name, line in
                line.string("provider", name)
                line.int("status", nil as Int?)
            }
            line.int("last", -1)
        }
        #expect(
            line == #"{"timestamp":"2026-11-21T05:39:05.123456Z","level":"info","message":"test_event","#
                + #""provider":"groq","status":503,"cost":0.25,"streaming":false,"latency_ms":12.007,"#
                + #""key":"•••","attempts":[{"provider":"a"},{"provider":"b"}],"last":-1}"#)
    }

    @Test func `a line names its trace in lower-case hexadecimal`() {
        let context = TraceContext(traceID: TraceID(high: 0xAB, low: 0xF0E), spanID: SpanID(0xC0DE))
        let ids = #""trace_id":"00000000000000ab0000000000000f0e","span_id":"000000000000c0de""#
        #expect(Self.line { $0.trace(context) }.hasSuffix(#","# + ids + "}"))
    }

    @Test func `text is for people`() {
        let line = Self.line(.text) { line in
            line.string("provider", "groq")
            line.string("error", "no \"luck\"\nat all")
            line.array("attempts", ["a", "b"]) { name, line in line.string("provider", name) }
        }
        #expect(
            line == "2026-11-21T05:39:05.123456Z info test_event provider=groq "
                + #"error="no \"luck\"\nat all" attempts=[{provider=a} {provider=b}]"#)
    }

    @Test(arguments: [
        "", "\"", "\\", "a\nb\r\tc", "\u{0}\u{1}\u{1F}\u{7F}", "日本語 🚂", "\u{2028}", "\\u0000", "}{],[",
        String(repeating: "\"\\\n", count: 5_000),
    ])
    func `a hostile value reads back as it was, cut at its cap`(value: String) throws {
        let line = Self.line { $0.string("value", value) }
        let read = try JSONValue(parsing: line)
        let expected = value.capped(bytesMax: LogLimits().valueBytesMax)
        #expect(read["value"] == .string(expected))
        #expect(expected.utf8.count <= 8 << 10)
    }

    @Test(arguments: [
        (0.1, "0.1"), (-5, "-5.0"), (1e-7, "1e-07"), (1e300, "1e+300"), (.nan, "null"), (.infinity, "null"),
    ])
    func `numbers are JSON's`(value: Double, expected: String) throws {
        let line = Self.line { $0.double("value", value) }
        #expect(line.hasSuffix("\"value\":\(expected)}"))
        _ = try JSONValue(parsing: line)
    }

    @Test(arguments: [Int.max, Int.min, 0, -1, 9, 10, 99, 100, 1_000_000])
    func `integers keep every digit`(value: Int) {
        #expect(Self.line { $0.int("value", value) }.hasSuffix("\"value\":\(value)}"))
    }

    @Test func `an endless line is cut and says so`() throws {
        let line = Self.line { line in
            line.array("items", 0..<1_000_000) { number, line in line.int("number", number) }
            line.string("after", "x")
        }
        #expect(line.utf8.count < LogLimits().lineBytesMax + 1_024)
        let read = try JSONValue(parsing: line)
        #expect(read["cut"] == .bool(true))
        #expect(read["after"] == nil)
    }

    @Test(arguments: [
        ("Bearer abc.def", "Bearer •••"), ("bearer abc", "bearer •••"), ("sk-proj-12_3", "sk-•••"),
        ("gsk_abc", "gsk_•••"), ("AIzaSyD", "AIza•••"), ("whsec_MfKQ9r8=", "whsec_•••"),
        ("bad key: sk-12. Try gsk_34, or \"AIzaX\"", "bad key: sk-••• Try gsk_•••, or \"AIza•••\""),
        ("key=sk-1", "key=sk-•••"), ("Authorization: Bearer sk-12", "Authorization: Bearer •••"),
    ])
    func `what looks like a credential is masked`(value: String, expected: String) throws {
        let line = Self.line { $0.string("value", value) }
        #expect(try JSONValue(parsing: line)["value"] == .string(expected))
    }

    @Test(arguments: [
        "task-force", "disk-1", "the bearer", "gpt-oss-120b", "msgsk_1", "sk-", "whsec", "pizza",
    ])
    func `what merely resembles a credential is left alone`(value: String) throws {
        let line = Self.line { $0.string("value", value) }
        #expect(try JSONValue(parsing: line)["value"] == .string(value))
    }

    /// Short texts of the letters that credentials begin with, and a few others: tens of thousands of them.
    @Test func `a text that holds a credential is never taken for one that cannot`() {
        var random = FastRandom(seed: 7)
        let letters = Array("skgwhecAIzabrBKS-_ xq.7\u{E9}\"".utf8)
        let beginnings = ["", "sk-", "GSK_", "whsec_", "aIza", "Bearer "].map { Array($0.utf8) }
        var found = 0
        for _ in 0..<50_000 {
            var text = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                letters.randomElement(using: &random) ?? 0
            }
            text += beginnings.randomElement(using: &random) ?? []
            text.append(letters.randomElement(using: &random) ?? 0)
            text.withUnsafeBufferPointer { text in
                guard Redaction.next(in: text) != nil else { return }
                found += 1
                #expect(TextTraits(of: text).contains(.mayHoldCredential))
            }
        }
        #expect(found > 5_000)
    }

    @Test(arguments: ["req_0123456789abcdef", "gpt-oss-120b", "a plain sentence of words", "2026-11-21"])
    func `what everyday names and sentences have in them needs no closer look`(text: String) {
        #expect(Array(text.utf8).withUnsafeBufferPointer { TextTraits(of: $0) }.isEmpty)
    }

    @Test(arguments: LogFormat.allCases)
    func `fields that are written beforehand read like any others`(format: LogFormat) {
        let describe = { (line: inout LogFields) in
            line.string("route", "a \"b\" Bearer abc")
            line.int("number", 7)
        }
        let fixed = FixedFields(describe)
        #expect(Self.line(format) { $0.fixed(fixed) } == Self.line(format, describe))
        let list = Self.line(format) { line in
            line.array("list", count: 2) { _, line in
                line.fixed(fixed)
                line.fixed(fixed)
            }
        }
        let expected = Self.line(format) { line in
            line.array("list", [0, 1]) { _, line in
                describe(&line)
                describe(&line)
            }
        }
        #expect(list == expected)
    }

    @Test func `a line's time is its own, whatever the line before had`() {
        var bytes = LineBytes()
        var texts: [String] = []
        for nanoseconds in [Int64(1_999_999_999), 1_000_000_000, 2_000_000_000, -1, 86_399_000_001_000] {
            TimestampText.append(WallTime(nanosecondsSince1970: nanoseconds), to: &bytes)
            texts.append(bytes.withBytes { String(decoding: $0, as: UTF8.self) })
            bytes.removeAll()
        }
        #expect(
            texts == [
                "1970-01-01T00:00:01.999999Z", "1970-01-01T00:00:01.000000Z", "1970-01-01T00:00:02.000000Z",
                "1969-12-31T23:59:59.999999Z", "1970-01-01T23:59:59.000001Z",
            ])
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (951_782_399_999_999_999, "2000-02-28T23:59:59.999999Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (4_107_542_399_000_001_000, "2100-02-28T23:59:59.000001Z"),
    ])
    func `timestamps are RFC 3339 with microseconds`(nanoseconds: Int64, expected: String) {
        var bytes = LineBytes()
        TimestampText.append(WallTime(nanosecondsSince1970: nanoseconds), to: &bytes)
        #expect(bytes.withBytes { String(decoding: $0, as: UTF8.self) } == expected)
    }

    /// One line without its end.
    private static func line(_ format: LogFormat = .json, _ fields: (inout LogFields) -> Void) -> String {
        var line = LogFields(format, LogLimits(), reusing: LineBytes())
        line.beginLine(WallTime(nanosecondsSince1970: 1_795_239_545_123_456_789), .info, "test_event")
        fields(&line)
        return line.endLine().withBytes { String(decoding: $0.dropLast(), as: UTF8.self) }
    }
}
