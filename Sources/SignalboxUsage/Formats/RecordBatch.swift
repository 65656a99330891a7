package import SignalboxCore

/// Records on their way into one body: as many of those that are offered as there is room for.
package struct RecordBatch: Sendable {
    private let format: RecordFormat
    private let bytesMax: Int
    private let sendsSinglesBare: Bool

    /// - Parameters:
    ///   - bytesMax: of a body, before it is compressed. A record that alone is larger goes alone.
    ///   - sendsSinglesBare: a batch of one record is that record alone, where the format has a way to
    ///     say so.
    package init(_ format: RecordFormat, bytesMax: Int, sendsSinglesBare: Bool = false) {
        self.format = format
        self.bytesMax = bytesMax
        self.sendsSinglesBare = sendsSinglesBare
    }

    /// Writes the first of `records`, at least one, and as many of those that follow as fit.
    /// - Parameter records: each as ``UsageRecord`` writes itself, in their order; not empty.
    /// - Throws: ``JSONSyntaxError`` where a record is no JSON object.
    package func write(_ records: some Collection<[UInt8]>) throws(JSONSyntaxError) -> RecordBody {
        precondition(!records.isEmpty, "an empty batch has no body")
        var items: [[UInt8]] = []
        var size = 0
        for record in records.prefix(format.recordsMax ?? .max) {
            let item = try item(record)
            let grown = size + item.count + (items.isEmpty ? 0 : 1)
            items.append(item)
            // The frame depends on the last record.
            if items.count > 1, try grown + RecordFrame(kind, around: items).count > bytesMax {
                items.removeLast()
                break
            }
            size = grown
        }
        let isBare = sendsSinglesBare && items.count == 1
        return try RecordBody(items, format.kind(isSingle: isBare))
    }

    private var kind: BodyKind { format.kind(isSingle: false) }

    /// One record in the format's clothes.
    private func item(_ record: [UInt8]) throws(JSONSyntaxError) -> [UInt8] {
        let fields = try JSONFields(scanning: record)
        switch format {
        case .signalbox, .ndjson: return record
        case .cloudEvents(let names): return RecordBatch.cloudEvent(fields, names)
        case .lago(let names): return LagoEvent.write(fields, names)
        }
    }

    /// CloudEvents 1.0, JSON event format.
    private static func cloudEvent(_ fields: JSONFields, _ names: RecordFormat.EventNames) -> [UInt8] {
        var event = Array(#"{"specversion":"1.0","id":"#.utf8)
        JSONText.append(fields.string("id") ?? "", to: &event)
        event += #","source":"#.utf8
        JSONText.append(names.source, to: &event)
        event += #","type":"#.utf8
        JSONText.append(names.type, to: &event)
        event += #","subject":"#.utf8
        JSONText.append(fields.string("tenant_id") ?? "", to: &event)
        event += #","time":"#.utf8
        JSONText.append(fields.string("timestamp") ?? "", to: &event)
        event += #","datacontenttype":"application/json","data":"#.utf8
        event += fields.bytes[fields.range]
        event.append(UInt8(ascii: "}"))
        return event
    }
}
