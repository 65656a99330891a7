@testable import SignalboxTelemetry

/// Prometheus' protobuf format, read as the samples that a scraper makes of it. When a series began, which
/// has a field there, is read as the sample `_created` that OpenMetrics has for it.
extension ExpositionDocument {
    mutating func readProtobuf(_ bytes: [UInt8]) throws {
        for message in try ProtobufFields.stream(bytes) {
            try message.allow([1, 2, 3, 4, 5])
            let name = try message.strings(1).only
            var family = Family(help: try message.strings(2).only, unit: try message.strings(5).first)
            let kinds = [0: ("counter", 3), 1: ("gauge", 2), 4: ("histogram", 7)]
            guard let (type, field) = kinds[Int(try message.uints(3).only)] else {
                throw Invalid(line: "\(name): its type")
            }
            family.type = type
            for metric in try message.messages(4) {
                try metric.allow([1, field])
                let labels = try Self.labels(metric.messages(1))
                let value = try metric.messages(field).only
                try Self.append(value, named: name, labels, to: &family)
            }
            guard families.updateValue(family, forKey: name) == nil else { throw Invalid(line: name) }
            order.append(name)
            let keys = family.samples.map { [$0.name: ""].merging($0.labels) { $1 } }
            guard Set(keys).count == keys.count else { throw Invalid(line: "\(name): a sample twice") }
        }
    }

    private static func append(
        _ value: ProtobufFields, named name: String, _ labels: [String: String], to family: inout Family
    ) throws {
        switch family.type {
        case "histogram": try appendHistogram(value, named: name, labels, to: &family)
        case "counter":
            try value.allow([1, 2, 3])
            let exemplar = try value.messages(2).first.map(Self.exemplar)
            family.samples.append(
                Sample(name: name, labels: labels, value: try value.doubles(1).only, exemplar: exemplar))
            let base = name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
            try appendCreated(value.messages(3), named: base, labels, to: &family)
        default:
            try value.allow([1])
            family.samples.append(Sample(name: name, labels: labels, value: try value.doubles(1).only))
        }
    }

    private static func appendHistogram(
        _ value: ProtobufFields, named name: String, _ labels: [String: String], to family: inout Family
    ) throws {
        try value.allow([1, 2, 3, 5, 6, 7, 12, 13, 15, 16])
        let count = try value.uints(1).only
        for bucket in try value.messages(3) {
            try bucket.allow([1, 2, 3])
            let bound = ["le": ExpositionText.spelled(try bucket.doubles(2).only)]
            let exemplar = try bucket.messages(3).first.map(Self.exemplar)
            family.samples.append(
                Sample(
                    name: name + "_bucket", labels: labels.merging(bound) { $1 },
                    value: Double(try bucket.uints(1).only), exemplar: exemplar))
        }
        family.samples.append(Sample(name: name + "_sum", labels: labels, value: try value.doubles(2).only))
        family.samples.append(Sample(name: name + "_count", labels: labels, value: Double(count)))
        try appendCreated(value.messages(15), named: name, labels, to: &family)
        guard !value.uints(5).isEmpty else { return }
        let native = try native(value)
        guard native.counts.values.reduce(native.zeroCount, +) == count else {
            throw Invalid(line: "\(name): its native buckets do not add up to its count")
        }
        family.natives[labels] = native
        let examples = Set(try value.messages(16).map(Self.exemplar))
        guard examples == Set(family.samples.filter { $0.labels.contains(labels) }.compactMap(\.exemplar))
        else {
            throw Invalid(line: "\(name): its exemplars")
        }
    }

    private static func native(_ value: ProtobufFields) throws -> Native {
        var native = Native(
            schema: Int(try value.sints(5).only), zeroThreshold: try value.doubles(6).only,
            zeroCount: try value.uints(7).only, counts: [:])
        var deltas = try value.packedSints(13)[...]
        var place = 0
        var count: Int64 = 0
        for span in try value.messages(12) {
            try span.allow([1, 2])
            place += Int(try span.sints(1).only)
            for _ in 0..<(try span.uints(2).only) {
                guard let delta = deltas.popFirst() else { throw Invalid(line: "too few deltas") }
                count += delta
                if count > 0 { native.counts[place] = UInt64(count) }
                place += 1
            }
        }
        guard deltas.isEmpty else { throw Invalid(line: "too many deltas") }
        return native
    }

    private static func appendCreated(
        _ times: [ProtobufFields], named name: String, _ labels: [String: String], to family: inout Family
    ) throws {
        guard let time = times.first else { return }
        family.samples.append(Sample(name: name + "_created", labels: labels, value: try seconds(time)))
    }

    private static func exemplar(_ value: ProtobufFields) throws -> Exemplar {
        try value.allow([1, 2, 3])
        return Exemplar(
            labels: try labels(value.messages(1)), value: try value.doubles(2).only,
            seconds: try seconds(value.messages(3).only))
    }

    private static func seconds(_ time: ProtobufFields) throws -> Double {
        try time.allow([1, 2])
        return Double(try time.uints(1).only * 1_000_000_000 + time.uints(2).only) / 1e9
    }

    private static func labels(_ pairs: [ProtobufFields]) throws -> [String: String] {
        var labels: [String: String] = [:]
        for pair in pairs {
            try pair.allow([1, 2])
            let isNew = labels.updateValue(try pair.strings(2).only, forKey: try pair.strings(1).only) == nil
            guard isNew else { throw Invalid(line: "a label twice") }
        }
        return labels
    }
}

extension ProtobufFields {
    fileprivate func allow(_ fields: Set<Int>) throws {
        guard fieldNumbers.isSubset(of: fields) else { throw Invalid(what: "fields \(fieldNumbers)") }
    }
}

extension Array {
    fileprivate var only: Element {
        get throws {
            guard count == 1 else { throw ProtobufFields.Invalid(what: "\(count) of a field") }
            return self[0]
        }
    }
}

extension Dictionary where Key == String, Value == String {
    fileprivate func contains(_ other: [String: String]) -> Bool {
        other.allSatisfy { self[$0.key] == $0.value }
    }
}
