/// Edits the direct members of a scanned object; everything that is not edited stays byte for byte as it was.
///
/// Edits are collected and carried out by ``build()`` in one pass and one allocation.
public struct JSONSplice: Sendable {
    /// What is written in place of a value.
    public enum Replacement: Sendable, Equatable {
        /// Written as a JSON string, escaped.
        case string(String)
        case integer(Int)
        case bool(Bool)
        /// JSON already, written as it is.
        case json([UInt8])
    }

    private enum Change: Sendable {
        case replace(Replacement)
        case remove
    }

    private let fields: JSONFields
    // Almost every splice changes one member: the first change needs no allocation.
    private var first: (name: StaticString, change: Change)?
    private var more: [(name: StaticString, change: Change)] = []

    public init(_ fields: JSONFields) {
        self.fields = fields
    }

    /// Whether nothing was asked to change.
    public var isEmpty: Bool { first == nil }

    /// Replaces every member of that name, or adds one after the last. A later call for the same name wins.
    public mutating func set(_ name: StaticString, to replacement: Replacement) {
        record(name, .replace(replacement))
    }

    /// Removes every member of that name, and the comma that would be left over.
    public mutating func remove(_ name: StaticString) {
        record(name, .remove)
    }

    /// The edited text, `fields.range` of the original.
    public func build() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(fields.range.count + growth)
        var cursor = fields.range.lowerBound
        var kept = 0
        var previousEnd = fields.openingBrace + 1
        for index in fields.members.indices {
            let member = fields.members[index]
            let value = member.value
            switch change(of: member) {
            case nil:
                kept += 1
            case .replace(let replacement):
                output.append(contentsOf: fields.bytes[cursor..<value.range.lowerBound])
                JSONSplice.append(replacement, to: &output)
                cursor = value.range.upperBound
                kept += 1
            case .remove where kept == 0:
                // Nothing stands before it: the comma after it goes too.
                output.append(contentsOf: fields.bytes[cursor..<max(cursor, member.keyRange.lowerBound)])
                let hasNext = index + 1 < fields.members.count
                cursor = hasNext ? Int(fields.members[index + 1].keyStart) : value.range.upperBound
            case .remove:
                output.append(contentsOf: fields.bytes[cursor..<previousEnd])
                cursor = value.range.upperBound
            }
            previousEnd = value.range.upperBound
        }
        output.append(contentsOf: fields.bytes[cursor..<max(cursor, previousEnd)])
        appendInsertions(to: &output, after: kept)
        output.append(contentsOf: fields.bytes[max(cursor, previousEnd)..<fields.range.upperBound])
        return output
    }

    private mutating func record(_ name: StaticString, _ change: Change) {
        if first.map({ JSONSplice.isSame($0.name, name) }) ?? true {
            first = (name, change)
        } else if let index = more.firstIndex(where: { JSONSplice.isSame($0.name, name) }) {
            more[index].change = change
        } else {
            more.append((name, change))
        }
    }

    private func change(of member: JSONFields.Member) -> Change? {
        if let first, fields.isNamed(member, first.name) { return first.change }
        for edit in more where fields.isNamed(member, edit.name) { return edit.change }
        return nil
    }

    private func appendInsertions(to output: inout [UInt8], after kept: Int) {
        var count = kept
        func insert(_ edit: (name: StaticString, change: Change)) {
            guard case .replace(let replacement) = edit.change, fields[edit.name] == nil else { return }
            if count > 0 { output.append(UInt8(ascii: ",")) }
            output.append(UInt8(ascii: "\""))
            let name = UnsafeBufferPointer(start: edit.name.utf8Start, count: edit.name.utf8CodeUnitCount)
            JSONText.appendEscaped(name, to: &output)
            output.append(UInt8(ascii: "\""))
            output.append(UInt8(ascii: ":"))
            JSONSplice.append(replacement, to: &output)
            count += 1
        }
        if let first { insert(first) }
        for edit in more { insert(edit) }
    }

    /// Room for what is written, if it needs no escapes.
    private var growth: Int {
        func size(_ edit: (name: StaticString, change: Change)) -> Int {
            let name = edit.name.utf8CodeUnitCount + 4
            switch edit.change {
            case .remove: return 0
            case .replace(.string(let text)): return name + text.utf8.count + 2
            case .replace(.json(let json)): return name + json.count
            case .replace(.integer), .replace(.bool): return name + 20
            }
        }
        return (first.map(size) ?? 0) + more.reduce(0) { $0 + size($1) }
    }

    private static func append(_ replacement: Replacement, to output: inout [UInt8]) {
        switch replacement {
        case .string(let text): JSONText.append(text, to: &output)
        case .integer(let value): JSONText.append(value, to: &output)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .json(let json): output.append(contentsOf: json)
        }
    }

    private static func isSame(_ left: StaticString, _ right: StaticString) -> Bool {
        left.utf8CodeUnitCount == right.utf8CodeUnitCount
            && (0..<left.utf8CodeUnitCount).allSatisfy { left.utf8Start[$0] == right.utf8Start[$0] }
    }
}
