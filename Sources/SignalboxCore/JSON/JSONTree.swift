/// A JSON value taken apart, for translating between dialects. Forwarding never makes one.
///
/// Numbers keep their spelling and members their order, so that what is only carried over stays what it was.
public indirect enum JSONTree: Sendable, Hashable {
    case object([Member])
    case array([JSONTree])
    case string(String)
    /// As it was spelled; must be a number in JSON's form.
    case number(String)
    case bool(Bool)
    case null

    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: JSONTree

        public init(_ name: String, _ value: JSONTree) {
            self.name = name
            self.value = value
        }
    }

    /// Takes `bytes[range]` (all of them by default) apart, at most ``JSONFields/depthLimit`` levels deep.
    public init(parsing bytes: [UInt8], in range: Range<Int>? = nil) throws(JSONSyntaxError) {
        self = try JSONReader.read(bytes, in: range) { reader throws(JSONSyntaxError) in
            try JSONTree(&reader, in: bytes)
        }
    }

    /// Takes the reader's next value apart.
    public init(_ reader: inout JSONReader, in bytes: [UInt8]) throws(JSONSyntaxError) {
        if try reader.beginObject() {
            var members: [Member] = []
            while let key = try reader.nextMember() {
                members.append(Member(key.text(in: bytes), try JSONTree(&reader, in: bytes)))
            }
            self = .object(members)
        } else if try reader.beginArray() {
            var elements: [JSONTree] = []
            while try reader.nextElement() { elements.append(try JSONTree(&reader, in: bytes)) }
            self = .array(elements)
        } else {
            let value = try reader.skip()
            switch value.kind {
            case .string: self = .string(JSONScan.string(at: value, in: bytes) ?? "")
            case .number: self = .number(String(decoding: bytes[value.range], as: UTF8.self))
            case .true: self = .bool(true)
            case .false: self = .bool(false)
            case .null, .object, .array: self = .null
            }
        }
    }

    // MARK: Looking

    /// The last member of that name; nil for what is no object.
    public subscript(name: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    public var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    public var elements: [JSONTree]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// A whole number that fits; nil for fractions and exponents.
    public var integer: Int? {
        if case .number(let text) = self { Int(text) } else { nil }
    }

    public var double: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var isNull: Bool { self == .null }

    // MARK: Writing

    public var json: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    /// The same as text, where a dialect wants JSON inside a string.
    public var text: String { String(decoding: json, as: UTF8.self) }

    public func append(to bytes: inout [UInt8]) {
        switch self {
        case .object(let members):
            JSONTree.append(members, between: ("{", "}"), to: &bytes) { member, bytes in
                JSONText.append(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.append(to: &bytes)
            }
        case .array(let elements):
            JSONTree.append(elements, between: ("[", "]"), to: &bytes) { $0.append(to: &$1) }
        case .string(let text): JSONText.append(text, to: &bytes)
        case .number(let text): bytes.append(contentsOf: text.utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .null: bytes.append(contentsOf: "null".utf8)
        }
    }

    private static func append<Item>(
        _ items: [Item], between brackets: (Unicode.Scalar, Unicode.Scalar), to bytes: inout [UInt8],
        _ append: (Item, inout [UInt8]) -> Void
    ) {
        bytes.append(UInt8(ascii: brackets.0))
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(item, &bytes)
        }
        bytes.append(UInt8(ascii: brackets.1))
    }
}

extension JSONTree {
    /// An object of what is there: members whose value is nil are left out.
    public static func object(_ members: KeyValuePairs<String, JSONTree?>) -> JSONTree {
        .object(members.compactMap { name, value in value.map { Member(name, $0) } })
    }

    public static func integer(_ value: Int) -> JSONTree { .number(String(value)) }

    /// JSON has no infinities and no NaN: they become null.
    public static func double(_ value: Double) -> JSONTree {
        value.isFinite ? .number("\(value)") : .null
    }

    public static func strings(_ texts: [String]) -> JSONTree { .array(texts.map(JSONTree.string)) }
}

extension JSONTree: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONKey {
    /// The name, its escapes decoded.
    public func text(in bytes: [UInt8]) -> String {
        JSONScan.string(at: JSONValue(kind: .string, range: range), in: bytes) ?? ""
    }
}
