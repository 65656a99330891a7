@testable import SignalboxTelemetry

/// Either format read back byte by byte, and strictly: what the format does not allow is thrown.
struct ExpositionDocument {
    struct Sample: Hashable {
        var name: String
        var labels: [String: String] = [:]
        var value: Double
    }

    struct Family: Hashable {
        var help: String?
        var type: String?
        var unit: String?
        var samples: [Sample] = []
    }

    struct Invalid: Error {
        var line: String
    }

    private let format: ExpositionFormat
    private(set) var families: [String: Family] = [:]
    private(set) var order: [String] = []
    private var isEnded = false

    init(of registry: MetricRegistry, _ format: ExpositionFormat) throws {
        var text: [UInt8] = []
        registry.render(format, into: &text)
        try self.init(text, format)
    }

    init(_ text: [UInt8], _ format: ExpositionFormat) throws {
        self.format = format
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
        if reader.skip("{") {
            repeat {
                let label = reader.name()
                try reader.expect("=\"")
                let value = try reader.escaped(quotes: true, until: UInt8(ascii: "\""))
                guard sample.labels.updateValue(value, forKey: label) == nil else { throw reader.invalid }
            } while reader.skip(",")
            try reader.expect("}")
        }
        try reader.expect(" ")
        guard let value = Double(reader.rest), let family = order.last, let type = families[family]?.type,
            sample.name.hasPrefix(family),
            suffixes(of: type).contains(String(sample.name.dropFirst(family.count)))
        else { throw reader.invalid }
        sample.value = value
        let isRepeated = families[family]?.samples.contains {
            $0.name == sample.name && $0.labels == sample.labels
        }
        guard isRepeated == false else { throw reader.invalid }
        families[family]?.samples.append(sample)
    }

    private func suffixes(of type: String) -> [String] {
        switch (type, format) {
        case ("histogram", _): ["_bucket", "_sum", "_count"]
        case ("counter", .openMetrics): ["_total"]
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
