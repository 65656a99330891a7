/// The direct members of one JSON object, found in one pass that also judges the whole text.
///
/// It shares the bytes it was made from (no copy) and makes one small allocation. A name given twice is legal
/// JSON: like most parsers, the subscript answers with the last; ``all(named:)`` with every one. A name
/// written with escapes (`"mod\u0065l"`) is the same name: otherwise it could be smuggled past whoever
/// replaces it.
public struct JSONFields: Sendable {
    /// More members than this in one object are refused: no request has them.
    public static let membersMax = 1_024
    /// The deepest nesting that can be allowed: open containers are the bits of one word.
    public static let depthLimit = 64

    struct Member: Sendable {
        var keyStart: UInt32
        var keyEnd: UInt32
        var valueStart: UInt32
        var valueEnd: UInt32
        var kind: JSONKind
        var isKeyEscaped: Bool

        var value: JSONValue { JSONValue(kind: kind, range: Int(valueStart)..<Int(valueEnd)) }
        /// With its quotes.
        var keyRange: Range<Int> { Int(keyStart)..<Int(keyEnd) }
    }

    /// The array in which the object stands.
    public let bytes: [UInt8]
    /// What was scanned: the object with the whitespace around it.
    public let range: Range<Int>
    /// Where the opening brace stands.
    let openingBrace: Int
    private(set) var members: [Member]

    /// Scans `bytes[range]` (all of them by default), which must be one object and nothing else.
    public init(
        scanning bytes: [UInt8], in range: Range<Int>? = nil, depthMax: Int = JSONFields.depthLimit
    ) throws(JSONSyntaxError) {
        precondition(1...JSONFields.depthLimit ~= depthMax, "a depth from 1 to 64")
        let whole = range ?? 0..<bytes.count
        guard whole.upperBound <= Int(UInt32.max) else {
            throw JSONSyntaxError(offset: whole.upperBound, reason: .tooLong)
        }
        var members: [Member] = []
        members.reserveCapacity(16)
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<Int, JSONSyntaxError> in
            var scanner = JSONScanner(buffer, in: whole)
            return Result { () throws(JSONSyntaxError) in
                try JSONFields.scan(&scanner, into: &members, depthMax: depthMax)
            }
        }
        self.openingBrace = try result.get()
        self.bytes = bytes
        self.range = whole
        self.members = members
    }

    /// The members of an object inside an already scanned text; nil if `value` is not an object.
    public init?(of value: JSONValue, in bytes: [UInt8]) {
        guard value.kind == .object else { return nil }
        do throws(JSONSyntaxError) {
            try self.init(scanning: bytes, in: value.range)
        } catch {
            return nil
        }
    }

    public var count: Int { members.count }

    /// The last member of that name.
    public subscript(name: StaticString) -> JSONValue? {
        for index in members.indices.reversed() where isNamed(members[index], name) {
            return members[index].value
        }
        return nil
    }

    /// Every member of that name, in order.
    public func all(named name: StaticString) -> [JSONValue] {
        members.filter { isNamed($0, name) }.map(\.value)
    }

    /// How many members have that name.
    public func count(named name: StaticString) -> Int {
        var count = 0
        for index in members.indices where isNamed(members[index], name) { count += 1 }
        return count
    }

    /// Every member in order, names decoded: for tests and for slow paths.
    public var all: [(name: String, value: JSONValue)] {
        members.map { member in
            let key = JSONValue(kind: .string, range: member.keyRange)
            return (JSONScan.string(at: key, in: bytes) ?? "", member.value)
        }
    }

    public func string(_ name: StaticString) -> String? {
        self[name].flatMap { JSONScan.string(at: $0, in: bytes) }
    }

    public func integer(_ name: StaticString) -> Int? {
        self[name].flatMap { JSONScan.integer(at: $0, in: bytes) }
    }

    public func bool(_ name: StaticString) -> Bool? {
        self[name].flatMap(JSONScan.bool(at:))
    }

    public func object(_ name: StaticString) -> JSONFields? {
        self[name].flatMap { JSONFields(of: $0, in: bytes) }
    }

    @inline(__always)
    func isNamed(_ member: Member, _ name: StaticString) -> Bool {
        // Most names are told apart by their length.
        let length = Int(member.keyEnd &- member.keyStart)
        guard member.isKeyEscaped || length == name.utf8CodeUnitCount + 2 else { return false }
        return JSONScan.isKey(member.keyRange, isEscaped: member.isKeyEscaped, name, in: bytes)
    }

    /// Fills `members` and returns the place of the opening brace.
    private static func scan(
        _ scanner: inout JSONScanner, into members: inout [Member], depthMax: Int
    ) throws(JSONSyntaxError) -> Int {
        guard scanner.peekToken() == UInt8(ascii: "{") else {
            throw scanner.failure(.notAnObject)
        }
        let brace = scanner.position
        scanner.position += 1
        if scanner.peekToken() == UInt8(ascii: "}") {
            scanner.position += 1
        } else {
            try scanMembers(&scanner, into: &members, depthMax: depthMax)
        }
        scanner.skipWhitespace()
        guard scanner.position == scanner.end else { throw scanner.failure(.trailingBytes) }
        return brace
    }

    private static func scanMembers(
        _ scanner: inout JSONScanner, into members: inout [Member], depthMax: Int
    ) throws(JSONSyntaxError) {
        while true {
            let (key, isEscaped) = try scanner.key()
            let value = try scanner.skipValue(depthLeft: depthMax - 1)
            guard members.count < membersMax else { throw scanner.failure(.tooManyMembers) }
            members.append(
                Member(
                    keyStart: UInt32(truncatingIfNeeded: key.lowerBound),
                    keyEnd: UInt32(truncatingIfNeeded: key.upperBound),
                    valueStart: UInt32(truncatingIfNeeded: value.range.lowerBound),
                    valueEnd: UInt32(truncatingIfNeeded: value.range.upperBound),
                    kind: value.kind, isKeyEscaped: isEscaped))
            switch scanner.peekToken() {
            case UInt8(ascii: ","): scanner.position += 1
            case UInt8(ascii: "}"):
                scanner.position += 1
                return
            default: throw scanner.failure(.commaOrBraceExpected)
            }
        }
    }
}
