package import SignalboxCore

/// The body of a delivery: what it is, and of how many records.
package struct RecordBody: Sendable, Equatable {
    package let bytes: [UInt8]
    package let count: Int
    package let kind: BodyKind

    /// - Parameter items: records in the kind's clothes; not empty.
    init(_ items: [[UInt8]], _ kind: BodyKind) throws(JSONSyntaxError) {
        let frame = try RecordFrame(kind, around: items)
        var bytes = frame.head
        bytes.reserveCapacity(items.reduce(frame.count + items.count) { $0 + $1.count })
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(frame.separator) }
            bytes += item
        }
        self.bytes = bytes + frame.tail
        self.kind = kind
        count = items.count
    }

    /// One event, which is no record.
    init(event bytes: [UInt8]) {
        self.bytes = bytes
        count = 1
        kind = .event
    }

    /// The same records in two bodies.
    /// - Throws: ``JSONSyntaxError`` where `bytes` are no body of that kind, with at least two records.
    package static func halves(of bytes: [UInt8], _ kind: BodyKind) throws(JSONSyntaxError) -> [RecordBody] {
        let items = try items(of: bytes, kind)
        guard items.count > 1 else { throw JSONSyntaxError(offset: 0, reason: .notAnObject) }
        let middle = items.count / 2
        return [
            try RecordBody(Array(items[..<middle]), kind), try RecordBody(Array(items[middle...]), kind),
        ]
    }

    /// A body of some of the records.
    /// - Parameter places: from 0; of records that are there, at least one.
    package static func part(
        _ places: [Int], of bytes: [UInt8], _ kind: BodyKind
    ) throws(JSONSyntaxError) -> RecordBody {
        let items = try items(of: bytes, kind)
        let wanted = places.filter(items.indices.contains)
        guard !wanted.isEmpty else { throw JSONSyntaxError(offset: 0, reason: .notAnObject) }
        return try RecordBody(wanted.map { items[$0] }, kind)
    }

    /// Takes a body apart again.
    private static func items(of bytes: [UInt8], _ kind: BodyKind) throws(JSONSyntaxError) -> [[UInt8]] {
        switch kind {
        case .record, .cloudEvent, .event: return [bytes]
        case .ndjson: return bytes.split(separator: UInt8(ascii: "\n")).map(Array.init)
        case .cloudEvents: return try elements(of: bytes, in: 0..<bytes.count)
        case .lago:
            let list = try JSONFields(scanning: bytes)["events"]
            return try elements(of: bytes, in: list?.range ?? 0..<0)
        case .records:
            let list = try JSONFields(scanning: bytes).object("data")?["records"]
            return try elements(of: bytes, in: list?.range ?? 0..<0)
        }
    }

    private static func elements(
        of bytes: [UInt8], in range: Range<Int>
    ) throws(JSONSyntaxError) -> [[UInt8]] {
        try JSONReader.read(bytes, in: range) { reader throws(JSONSyntaxError) in
            guard try reader.beginArray() else { throw reader.failure(.notAnObject) }
            var elements: [[UInt8]] = []
            while try reader.nextElement() { elements.append(Array(bytes[try reader.skip().range])) }
            return elements
        }
    }
}

/// What stands around and between the records of a body.
struct RecordFrame {
    var head: [UInt8] = []
    var separator = UInt8(ascii: ",")
    var tail: [UInt8] = []

    var count: Int { head.count + tail.count }

    init(_ kind: BodyKind, around items: [[UInt8]]) throws(JSONSyntaxError) {
        switch kind {
        case .record, .cloudEvent, .event: break
        case .cloudEvents: (head, tail) = (Array("[".utf8), Array("]".utf8))
        case .lago: (head, tail) = (Array(#"{"events":["#.utf8), Array("]}".utf8))
        case .ndjson: (separator, tail) = (UInt8(ascii: "\n"), Array("\n".utf8))
        case .records:
            head = try RecordFrame.envelope(from: items[0], to: items[items.count - 1])
            tail = Array("]}}".utf8)
        }
    }

    /// Type, time and data, as Standard Webhooks recommend for a payload. The time is the last record's.
    private static func envelope(from first: [UInt8], to last: [UInt8]) throws(JSONSyntaxError) -> [UInt8] {
        let fields = try JSONFields(scanning: last)
        var head = Array(#"{"type":"usage.records","timestamp":"#.utf8)
        JSONText.append(fields.string("timestamp") ?? "", to: &head)
        head += #","data":{"tenant_id":"#.utf8
        JSONText.append(fields.string("tenant_id") ?? "", to: &head)
        if let from = try JSONFields(scanning: first).integer("sequence"), let to = fields.integer("sequence")
        {
            head += #","first_sequence":\#(from),"last_sequence":\#(to)"#.utf8
        }
        return head + #","records":["#.utf8
    }
}
