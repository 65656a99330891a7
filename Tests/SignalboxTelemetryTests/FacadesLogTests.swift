import Glibc
import Logging
import SignalboxCore
import Testing

@testable import SignalboxTelemetry

@Suite struct FacadesLogTests {
    @Test func `a line has our four fields, then the metadata by name`() {
        let line = Self.line { logger in
            logger.info(
                "order taken",
                metadata: ["total": .stringConvertible(12), "who": "bo", "gift": .stringConvertible(false)])
        }
        #expect(
            line == #"{"timestamp":"2026-11-21T05:39:05.123456Z","level":"info","message":"order taken","#
                + #""label":"shop","gift":false,"total":12,"who":"bo"}"#)
    }

    @Test func `nested metadata is JSON, and in text for people`() {
        let metadata: Logging.Logger.Metadata = [
            "cart": ["items": ["tea", ["b": "2", "a": "1 x"]], "n": "3"]
        ]
        let json = Self.line { $0.info("m", metadata: metadata) }
        #expect(json.hasSuffix(#","cart":{"items":["tea",{"a":"1 x","b":"2"}],"n":"3"}}"#))
        let text = Self.line(.text) { $0.notice("out of tea", metadata: metadata) }
        #expect(
            text == "2026-11-21T05:39:05.123456Z notice out of tea label=shop "
                + #"cart={items=[tea {a="1 x" b=2}] n=3}"#)
    }

    @Test func `metadata that nests without end is cut, and the line says so`() throws {
        var value: Logging.Logger.MetadataValue = "core"
        for _ in 0..<1_000 { value = [value] }
        let nested = value
        let line = Self.line { $0.info("m", metadata: ["deep": nested]) }
        #expect(line.utf8.count < 300)
        #expect(try JSONValue(parsing: line)["cut"] == .bool(true))
    }

    @Test func `metadata that never ends is cut between two fields`() throws {
        var metadata: Logging.Logger.Metadata = [:]
        for index in 0..<20_000 { metadata["name-\(index)"] = "value" }
        let many = metadata
        let line = Self.line { $0.info("m", metadata: many) }
        #expect(line.utf8.count < LogLimits().lineBytesMax + 1_024)
        #expect(try JSONValue(parsing: line)["cut"] == .bool(true))
    }

    @Test func `metadata cannot pass for what the line says itself`() throws {
        let line = Self.line { logger in
            logger.info("m", metadata: ["level": "error", "level_": "kept", "label": "x", "message": "y"])
        }
        let read = try JSONValue(parsing: line)
        #expect(read["level"] == .string("info"))
        #expect(read["level_"] == .string("kept"))
        #expect(read["level__"] == .string("error"))
        #expect(read["label"] == .string("shop"))
        #expect(read["label_"] == .string("x"))
        #expect(read["message_"] == .string("y"))
    }

    @Test(arguments: [
        "", "\"", "\\", "a\nb", "a\":1,\"level", "日本語 🚂", "a b", "a=b", "\u{0}", "}",
        String(repeating: "n", count: 10_000),
    ])
    func `a hostile name reads back as it was, cut at its cap`(name: String) throws {
        let expected = name.capped(bytesMax: LogLimits.nameBytesMax)
        let line = Self.line { $0.info("m", metadata: [name: "value"]) }
        #expect(try JSONValue(parsing: line)[expected] == .string("value"))
        let text = Self.line(.text) { $0.info("m", metadata: [name: "value"]) }
        #expect(text.hasSuffix("=value"))
        #expect(!text.contains("\n"))
    }

    @Test func `names that are cut or masked to the same stay apart`() throws {
        let long = String(repeating: "n", count: 200)
        let line = Self.line { logger in
            logger.info("m", metadata: [long + "1": "a", long + "2": "b", "sk-1": "c", "sk-2": "d"])
        }
        guard case .object(let fields) = try JSONValue(parsing: line) else { throw JSONValue.Invalid() }
        #expect(fields.count == 8)
        #expect(fields["sk-•••"] == .string("c"))
        #expect(fields["sk-•••_"] == .string("d"))
    }

    @Test(arguments: ["two\nlines", "\"quoted\"", "level=error", "\u{1B}[31mred", "back\\slash"])
    func `a hostile message is one line, in text too`(message: String) throws {
        let line = Self.line { $0.info("\(message)") }
        #expect(try JSONValue(parsing: line)["message"] == .string(message))
        let text = Self.line(.text) { $0.info("\(message)") }
        #expect(text.contains(" info \"") && text.hasSuffix("\" label=shop"))
        #expect(!text.contains("\n") && !text.contains("\u{1B}"))
    }

    @Test func `credentials are masked in messages, values, names and errors`() {
        struct Refused: Error, CustomStringConvertible {
            let description = "refused Bearer abc"
        }
        let line = Self.line { logger in
            logger.error(
                "key sk-xyz123 refused", error: Refused(),
                metadata: [
                    "seen": ["gsk_xyz456", ["x": "AIza789"]], "whsec_1": "v",
                    "key": .stringConvertible(Secret("plain words")),
                ])
        }
        for secret in ["xyz123", "xyz456", "789", "plain words", "whsec_1", "Bearer abc"] {
            #expect(!line.contains(secret))
        }
    }

    @Test(arguments: [
        ("Authorization", true), ("x-api-key", true), ("db.password", true), ("access_token", true),
        ("token", true), ("set-cookie", true), ("clientSecret", true), ("tokens", false),
        ("max_tokens", false), ("time_to_first_token", false), ("key_alias", false),
        ("passwords_tried", false),
    ])
    func `a name that means a credential hides its value`(name: String, isHidden: Bool) throws {
        let line = Self.line { $0.info("m", metadata: ["a": [name: ["open sesame"]]]) }
        #expect(line.contains("open sesame") != isHidden)
        #expect(
            try JSONValue(parsing: line)["a"]?[name]
                == (isHidden ? .string("•••") : .array([.string("open sesame")])))
    }

    @Test func `only debug and trace say where they were logged`() throws {
        for level in Logging.Logger.Level.allCases {
            let read = try JSONValue(parsing: Self.line { $0.log(level: level, "m") })
            #expect(read["level"] == .string(level.rawValue))
            #expect((read["file"] != nil) == (level <= .debug))
            #expect((read["line"] != nil) == (level <= .debug))
            #expect((read["source"] != nil) == (level <= .debug))
        }
    }

    @Test func `an error is a field of its own, with its type`() throws {
        let line = Self.line { $0.error("m", error: JSONValue.Invalid(), metadata: ["error": "mine"]) }
        let read = try JSONValue(parsing: line)
        #expect(read["error"] == .string("Invalid()"))
        #expect(read["error_type"] == .string("Invalid"))
        #expect(read["error_"] == .string("mine"))
    }

    @Test func `a line's metadata wins over the provider's, and that over the logger's`() throws {
        let provider = Logging.Logger.MetadataProvider { ["b": "provider", "c": "provider"] }
        let line = Self.line(provider: provider) { logger in
            var logger = logger
            for name in ["a", "b", "c"] { logger[metadataKey: name] = "logger" }
            logger.info("m", metadata: ["c": "line"])
        }
        #expect(line.hasSuffix(#""a":"logger","b":"provider","c":"line"}"#))
    }

    @Test func `a copy of a logger keeps its metadata and level apart`() {
        let lines = Self.lines { logger in
            var original = logger
            original[metadataKey: "who"] = "original"
            var copy = original
            copy[metadataKey: "who"] = "copy"
            copy.logLevel = .error
            original.info("1")
            copy.info("never")
            copy.error("2")
            original[metadataKey: "who"] = nil
            original.info("3")
        }
        let tails = lines.map { $0.drop { $0 != "," }.split(separator: "shop\"").last ?? "" }
        #expect(tails == [#","who":"original"}"#, #","who":"copy"}"#, "}"])
    }

    @Test func `a logger follows the writer's level until its own is set`() {
        let pipe = TestPipe()
        let writer = LogWriter(descriptor: pipe.writer)
        var logger = Logging.Logger(label: "shop") { SignalboxLogHandler(label: $0, writer: writer) }
        #expect(logger.logLevel == .info)
        writer.level = .warning
        #expect(logger.logLevel == .warning)
        logger.logLevel = .trace
        writer.level = .critical
        #expect(logger.logLevel == .trace)
        writer.shutdown()
    }

    @Test func `many threads log through one logger, and every line is whole`() throws {
        let lines = Self.lines { logger in
            TestThread.run(8) { thread in
                for index in 0..<200 { logger.info("m", metadata: ["at": "\(thread)-\(index)"]) }
            }
        }
        let places = try lines.map { try JSONValue(parsing: $0)["at"] }
        #expect(places.count == 1_600)
        for thread in 0..<8 { #expect(places.contains(.string("\(thread)-199"))) }
    }

    @Test func `nobody reads, and logging goes on`() {
        let pipe = TestPipe()
        let writer = LogWriter(descriptor: pipe.writer, limits: LogLimits(bufferBytesMax: 4 << 10))
        let logger = Logging.Logger(label: "shop") { SignalboxLogHandler(label: $0, writer: writer) }
        for _ in 0..<10_000 { logger.info("m", metadata: ["filler": "0123456789012345678901234567890"]) }
        #expect(writer.linesDropped > 0)
        pipe.closeReader()
        writer.shutdown()
    }

    private struct FixedTime: TimeSource {
        func now() -> Instant { SystemTime().now() }
        func wallTime() -> WallTime { WallTime(nanosecondsSince1970: 1_795_239_545_123_456_789) }
    }

    private static func line(
        _ format: LogFormat = .json, provider: Logging.Logger.MetadataProvider? = nil,
        _ log: (Logging.Logger) -> Void
    ) -> String {
        lines(format, provider: provider, log).first ?? ""
    }

    private static func lines(
        _ format: LogFormat = .json, provider: Logging.Logger.MetadataProvider? = nil,
        _ log: (Logging.Logger) -> Void
    ) -> [String] {
        // Not a pipe: one holds less than the longest line.
        guard let file = tmpfile() else { return [] }
        defer { fclose(file) }
        let limits = LogLimits(coalescing: .zero)
        let writer = LogWriter(descriptor: fileno(file), level: .trace, format: format, limits: limits)
        log(
            Logging.Logger(label: "shop") { label in
                SignalboxLogHandler(
                    label: label, writer: writer, metadataProvider: provider, time: FixedTime())
            })
        writer.shutdown()
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(fileno(file), &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").map(
            String.init)
    }
}
