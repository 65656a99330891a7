@testable import SignalboxTelemetry

/// Any format read back byte by byte, and strictly: what the format does not allow is thrown.
struct ExpositionDocument {
    struct Exemplar: Hashable {
        var labels: [String: String]
        var value: Double
        var seconds: Double
    }

    struct Sample: Hashable {
        var name: String
        var labels: [String: String] = [:]
        var value: Double
        var exemplar: Exemplar?
    }

    /// Native buckets by their index; empty ones left out.
    struct Native: Hashable {
        var schema: Int
        var zeroThreshold: Double
        var zeroCount: UInt64
        var counts: [Int: UInt64]
    }

    struct Family: Hashable {
        var help: String?
        var type: String?
        var unit: String?
        var samples: [Sample] = []
        /// By the labels of their histogram.
        var natives: [[String: String]: Native] = [:]
    }

    struct Invalid: Error {
        var line: String
    }

    private let format: ExpositionFormat
    var families: [String: Family] = [:]
    var order: [String] = []
    private var isEnded = false

    init(of registry: MetricRegistry, _ format: ExpositionFormat) throws {
        var text: [UInt8] = []
        registry.render(format, into: &text)
        try self.init(text, format)
    }

    init(_ text: [UInt8], _ format: ExpositionFormat) throws {
        self.format = format
        if format == .protobuf {
            try readProtobuf(text)
            return
        }
        guard text.last == UInt8(ascii: "\n") else { throw Invalid(line: "no last line end") }
        for line in text.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            var reader = LineReader(line)
            guard !isEnded, !line.isEmpty else { throw reader.invalid }
            if line.first == UInt8(ascii: "#") { try comment(&reader) } else { try sample(&reader) }
        }
        guard isEnded == (format == .openMetrics) else { throw Invalid(line: "# EOF is wrong") }
    }

    private mutating func comment(_ reader: inout LineReader) throws {
        try reader.expect("# ")
        if format == .openMetrics && reader.rest == "EOF" {
            isEnded = true
            return
        }
        let (keyword, name) = (try reader.word(), try reader.word())
        if order.last != name {
            guard families.updateValue(Family(), forKey: name) == nil else { throw reader.invalid }
            order.append(name)
        }
        var family = families[name] ?? Family()
        guard family.samples.isEmpty else { throw reader.invalid }
        switch keyword {
        case "HELP" where family.help == nil:
            family.help = try reader.escaped(quotes: format == .openMetrics, until: nil)
        case "TYPE" where family.type == nil: family.type = reader.rest
        case "UNIT" where family.unit == nil && format == .openMetrics:
            family.unit = reader.rest
            guard name.hasSuffix("_" + reader.rest) else { throw reader.invalid }
        default: throw reader.invalid
        }
        families[name] = family
    }

    private mutating func sample(_ reader: inout LineReader) throws {
        var sample = Sample(name: reader.name(), value: 0)
        if reader.skip("{") { sample.labels = try reader.labels() }
        try reader.expect(" ")
        sample.value = try reader.number()
        if format == .openMetrics && reader.skip(" # {") {
            let labels = try reader.labels()
            guard labels.reduce(0, { $0 + $1.key.count + $1.value.count }) <= 128 else {
                throw reader.invalid
            }
            try reader.expect(" ")
            let value = try reader.number()
            try reader.expect(" ")
            sample.exemplar = Exemplar(labels: labels, value: value, seconds: try reader.number())
        }
        guard reader.rest.isEmpty, let family = order.last, let type = families[family]?.type,
            sample.name.hasPrefix(family),
            suffixes(of: type).contains(String(sample.name.dropFirst(family.count)))
        else { throw reader.invalid }
        if sample.exemplar != nil {
            let carries = sample.name.hasSuffix("_bucket") || type == "counter"
            guard carries && !sample.name.hasSuffix("_created") else { throw reader.invalid }
        }
        let isRepeated = families[family]?.samples.contains {
            $0.name == sample.name && $0.labels == sample.labels
        }
        guard isRepeated == false else { throw reader.invalid }
        families[family]?.samples.append(sample)
    }

    private func suffixes(of type: String) -> [String] {
        switch (type, format) {
        case ("histogram", .openMetrics): ["_bucket", "_sum", "_count", "_created"]
        case ("histogram", _): ["_bucket", "_sum", "_count"]
        case ("counter", .openMetrics): ["_total", "_created"]
        case ("info", .openMetrics): ["_info"]
        case ("gauge", _), ("counter", .text), ("stateset", .openMetrics), ("unknown", .openMetrics): [""]
        default: []
        }
    }
}

/// What is left of a line.
private struct LineReader {
    private let line: ArraySlice<UInt8>
    private var left: ArraySlice<UInt8>

    init(_ line: ArraySlice<UInt8>) {
        self.line = line
        left = line
    }

    var rest: String { String(decoding: left, as: UTF8.self) }

    var invalid: ExpositionDocument.Invalid { .init(line: String(decoding: line, as: UTF8.self)) }

    mutating func skip(_ text: String) -> Bool {
        guard left.starts(with: text.utf8) else { return false }
        left = left.dropFirst(text.utf8.count)
        return true
    }

    mutating func expect(_ text: String) throws {
        guard skip(text) else { throw invalid }
    }

    mutating func word() throws -> String {
        let word = left.prefix { $0 != UInt8(ascii: " ") }
        left = left.dropFirst(word.count)
        try expect(" ")
        return String(decoding: word, as: UTF8.self)
    }

    mutating func name() -> String {
        let name = left.prefix { !" {}=,".utf8.contains($0) }
        left = left.dropFirst(name.count)
        return String(decoding: name, as: UTF8.self)
    }

    /// Behind their opening brace.
    mutating func labels() throws -> [String: String] {
        var labels: [String: String] = [:]
        repeat {
            let label = name()
            try expect("=\"")
            let value = try escaped(quotes: true, until: UInt8(ascii: "\""))
            guard labels.updateValue(value, forKey: label) == nil else { throw invalid }
        } while skip(",")
        try expect("}")
        return labels
    }

    mutating func number() throws -> Double {
        let text = left.prefix { $0 != UInt8(ascii: " ") }
        left = left.dropFirst(text.count)
        guard let value = Double(String(decoding: text, as: UTF8.self)) else { throw invalid }
        return value
    }

    /// Up to `end`, which is skipped, or to the end of the line.
    mutating func escaped(quotes: Bool, until end: UInt8?) throws -> String {
        var value: [UInt8] = []
        while let byte = left.popFirst() {
            if byte == end { return String(decoding: value, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                guard !quotes || byte != UInt8(ascii: "\"") else { throw invalid }
                value.append(byte)
                continue
            }
            switch left.popFirst() {
            case UInt8(ascii: "n"): value.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "\\"): value.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "\"") where quotes: value.append(UInt8(ascii: "\""))
            default: throw invalid
            }
        }
        guard end == nil else { throw invalid }
        return String(decoding: value, as: UTF8.self)
    }
}
