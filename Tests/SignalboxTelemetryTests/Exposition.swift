@testable import SignalboxTelemetry

/// The text format read back by a parser of the test's own.
struct Exposition {
    struct Sample: Hashable {
        var name: String
        var labels: [String: String] = [:]
    }

    struct Invalid: Error {
        var line: String
    }

    var values: [Sample: String] = [:]
    var types: [String: String] = [:]
    var order: [String] = []

    init(of registry: MetricRegistry) throws {
        var text: [UInt8] = []
        registry.renderText(into: &text)
        try self.init(String(decoding: text, as: UTF8.self))
    }

    init(_ text: String) throws {
        guard text.isEmpty || text.utf8.last == UInt8(ascii: "\n") else {
            throw Invalid(line: "no last line end")
        }
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# HELP ") { continue }
            if line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ")
                guard words.count == 4, types[String(words[2])] == nil else {
                    throw Invalid(line: String(line))
                }
                types[String(words[2])] = String(words[3])
                order.append(String(words[2]))
                continue
            }
            let (sample, value) = try Self.sample(String(line))
            guard values.updateValue(value, forKey: sample) == nil else { throw Invalid(line: String(line)) }
        }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> String? {
        values[Sample(name: name, labels: labels)]
    }

    private static func sample(_ line: String) throws -> (Sample, String) {
        var rest = Substring(line)
        var sample = Sample(name: String(rest.prefix { $0 != "{" && $0 != " " }))
        rest = rest.dropFirst(sample.name.count)
        if rest.first == "{" {
            repeat {
                rest = rest.dropFirst()
                let name = String(rest.prefix { $0 != "=" })
                rest = rest.dropFirst(name.count + 1)
                guard rest.first == "\"" else { throw Invalid(line: line) }
                rest = rest.dropFirst()
                sample.labels[name] = try quoted(&rest, line)
            } while rest.first == ","
            guard rest.first == "}" else { throw Invalid(line: line) }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", rest.count > 1, !rest.dropFirst().contains(" ") else {
            throw Invalid(line: line)
        }
        return (sample, String(rest.dropFirst()))
    }

    private static func quoted(_ rest: inout Substring, _ line: String) throws -> String {
        var value = String.UnicodeScalarView()
        var scalars = rest.unicodeScalars
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\"":
                rest = Substring(scalars)
                return String(value)
            case "\\":
                switch scalars.popFirst() {
                case "n": value.append("\n")
                case "\\": value.append("\\")
                case "\"": value.append("\"")
                default: throw Invalid(line: line)
                }
            default: value.append(scalar)
            }
        }
        throw Invalid(line: line)
    }
}
