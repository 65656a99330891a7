import SignalboxCore

/// The `OTEL_…` variables, by the names and in the units of OpenTelemetry's specification ("Environment
/// Variable Specification", "OpenTelemetry Protocol Exporter"). One that is set and empty counts as not set.
struct OTLPVariables {
    private let environment: [String: String]
    private let ledger: MistakeLedger

    init(_ environment: [String: String], ledger: MistakeLedger) {
        self.environment = environment
        self.ledger = ledger
    }

    /// Nothing is exported, whatever else says that it is.
    var isDisabled: Bool { self["OTEL_SDK_DISABLED"]?.lowercased() == "true" }

    /// The part of the traces that is recorded where the caller has not decided; nil where no variable says.
    /// Signalbox always goes by the caller's decision, so the samplers that do not are refused.
    var sampleRatio: Double? {
        let words: [(String, Double?)] = [
            ("parentbased_always_on", 1), ("parentbased_always_off", 0), ("parentbased_traceidratio", nil),
        ]
        guard let sampler = choice(first("OTEL_TRACES_SAMPLER"), words) else { return nil }
        if let sampler { return sampler }
        guard let argument = first("OTEL_TRACES_SAMPLER_ARG") else { return 1 }
        guard let ratio = Double(argument.value), (0...1).contains(ratio) else {
            refuse(argument.name, "\(Spelling.quoted(argument.value)) is not a number from 0 to 1")
            return nil
        }
        return ratio
    }

    /// The value of the first variable that is set, and its name.
    func first(_ names: String...) -> (name: String, value: String)? {
        names.lazy.compactMap { name in self[name].map { (name, $0) } }.first
    }

    /// A setting of the exporter: the signal's own variable, else the one for all signals.
    func setting(_ suffix: String, of signal: Configuration.OTLP.Signal) -> (name: String, value: String)? {
        first("OTEL_EXPORTER_OTLP_\(signal.rawValue.uppercased())_\(suffix)", "OTEL_EXPORTER_OTLP_\(suffix)")
    }

    func refuse(_ name: String, _ problem: String, _ remedy: String? = nil) {
        ledger.record(
            ConfigurationMistake(
                file: EnvironmentProvider.file, path: name, problem: problem, remedy: remedy))
    }

    subscript(name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    // MARK: Values

    /// Whole milliseconds.
    func duration(_ found: (name: String, value: String)?, in range: ClosedRange<Duration>) -> Duration? {
        guard let found else { return nil }
        let bounds = range.lowerBound.milliseconds...range.upperBound.milliseconds
        return integer(found, in: bounds, unit: " of milliseconds").map { .milliseconds(Int64($0)) }
    }

    func integer(
        _ found: (name: String, value: String)?, in range: ClosedRange<Int>, unit: String = ""
    ) -> Int? {
        guard let found else { return nil }
        guard let number = Int(found.value), range.contains(number) else {
            refuse(
                found.name,
                "\(Spelling.quoted(found.value)) is not a whole number\(unit) from \(range.lowerBound) to"
                    + " \(range.upperBound)")
            return nil
        }
        return number
    }

    /// One of the words that the specification has for a thing, as what it means here.
    func choice<Value>(_ found: (name: String, value: String)?, _ words: [(String, Value)]) -> Value? {
        guard let found else { return nil }
        if let match = words.first(where: { $0.0 == found.value }) { return match.1 }
        let known = words.map(\.0).joined(separator: ", ")
        refuse(found.name, "\(Spelling.quoted(found.value)) is not supported", "it may be \(known)")
        return nil
    }

    /// `key1=value1,key2=value2` as in W3C Baggage, values percent-encoded. No message repeats what was
    /// written: it may be a secret.
    func pairs(_ found: (name: String, value: String)?) -> [(key: String, value: String)]? {
        guard let found else { return nil }
        var pairs: [(key: String, value: String)] = []
        for piece in found.value.split(separator: ",") {
            let halves = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map(Self.trimmed)
            guard halves.count == 2, !halves[0].isEmpty, let value = Self.percentDecoded(halves[1]) else {
                refuse(found.name, "is no list of key=value", "write k1=v1,k2=v2, with %2C for a comma")
                return nil
            }
            pairs.append((halves[0], value))
        }
        return pairs
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        return String(text)
    }

    /// Nil where a `%` has no two digits behind it, or the bytes are no text.
    private static func percentDecoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
                let decoded = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension Duration {
    fileprivate var milliseconds: Int { Int(nanoseconds / 1_000_000) }
}
