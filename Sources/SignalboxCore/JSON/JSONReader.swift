/// Reads a text once, from front to back, and judges all of it on the way (RFC 8259): for who knows which few
/// values inside it are wanted.
///
/// Whoever begins a container asks for its members or elements until there are no more, and begins or skips
/// each. Where ``JSONFields`` followed by ``JSONScan`` would walk nested values again, this walks them once.
///
/// ```swift
/// try JSONReader.read(bytes) { reader throws(JSONSyntaxError) in
///     guard try reader.beginObject() else { return }
///     while let key = try reader.nextMember() {
///         let value = try reader.skip()
///         if key.isNamed("model", in: bytes) { model = JSONScan.string(at: value, in: bytes) }
///     }
/// }
/// ```
public struct JSONReader: ~Copyable {
    private var scanner: JSONScanner
    private var depthLeft = JSONFields.depthLimit
    /// A container was begun, and nothing in it was read yet: no comma is due.
    private var isFresh = false

    private init(_ scanner: JSONScanner) {
        self.scanner = scanner
    }

    /// Reads `bytes[range]` (all of them by default) as one value, which `body` must have read whole.
    public static func read<Answer>(
        _ bytes: [UInt8], in range: Range<Int>? = nil,
        _ body: (inout JSONReader) throws(JSONSyntaxError) -> Answer
    ) throws(JSONSyntaxError) -> Answer {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONSyntaxError) in
            var reader = JSONReader(JSONScanner(buffer, in: range ?? 0..<bytes.count))
            let answer = try body(&reader)
            reader.scanner.skipWhitespace()
            guard reader.scanner.position == reader.scanner.end else {
                throw reader.scanner.failure(.trailingBytes)
            }
            return answer
        }
    }

    /// Steps into the next value if it is an object; leaves any other where it is.
    public mutating func beginObject() throws(JSONSyntaxError) -> Bool {
        try begin(UInt8(ascii: "{"))
    }

    /// Steps into the next value if it is an array; leaves any other where it is.
    public mutating func beginArray() throws(JSONSyntaxError) -> Bool {
        try begin(UInt8(ascii: "["))
    }

    /// The name of the object's next member, whose value comes next; nil steps out of the object.
    public mutating func nextMember() throws(JSONSyntaxError) -> JSONKey? {
        guard try next(before: UInt8(ascii: "}"), else: .commaOrBraceExpected) else { return nil }
        let (range, isEscaped) = try scanner.key()
        return JSONKey(range: range, isEscaped: isEscaped)
    }

    /// Whether the array has a further element, which comes next; if not, steps out of the array.
    public mutating func nextElement() throws(JSONSyntaxError) -> Bool {
        try next(before: UInt8(ascii: "]"), else: .commaOrBracketExpected)
    }

    /// Steps over the next value, whatever it is, and says where it stands.
    @discardableResult
    public mutating func skip() throws(JSONSyntaxError) -> JSONValue {
        try scanner.skipValue(depthLeft: depthLeft)
    }

    /// The next value is not what it must be, in the caller's eyes.
    public func failure(_ reason: JSONSyntaxError.Reason) -> JSONSyntaxError {
        scanner.failure(reason)
    }

    private mutating func begin(_ opening: UInt8) throws(JSONSyntaxError) -> Bool {
        guard scanner.peekToken() == opening else { return false }
        guard depthLeft > 0 else { throw scanner.failure(.tooDeep) }
        depthLeft &-= 1
        scanner.position &+= 1
        isFresh = true
        return true
    }

    @inline(__always)
    private mutating func next(
        before closing: UInt8, else reason: JSONSyntaxError.Reason
    ) throws(JSONSyntaxError) -> Bool {
        let wasFresh = isFresh
        isFresh = false
        let token = scanner.peekToken()
        if token == closing {
            scanner.position &+= 1
            depthLeft &+= 1
            return false
        }
        if wasFresh { return true }
        guard token == UInt8(ascii: ",") else { throw scanner.failure(reason) }
        scanner.position &+= 1
        return true
    }
}
