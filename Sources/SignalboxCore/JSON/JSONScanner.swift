/// Walks JSON bytes and judges them strictly (RFC 8259), without building anything.
///
/// The one place of the JSON room that reads through a pointer: every read is of `base[position]` after a check
/// against `end`, except the eight-byte loads of the string scanner, which check for eight. It lives only inside
/// `withUnsafeBufferPointer` of the array it walks.
struct JSONScanner {
    let base: UnsafePointer<UInt8>
    let end: Int
    var position: Int

    init(_ buffer: UnsafeBufferPointer<UInt8>, in range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= buffer.count, "the range leaves the bytes")
        // An empty array may have no address at all; nothing is read through this one, because `end` is 0.
        base = buffer.baseAddress ?? UnsafePointer(bitPattern: 1)!
        end = range.upperBound
        position = range.lowerBound
    }

    func failure(_ reason: JSONSyntaxError.Reason) -> JSONSyntaxError {
        JSONSyntaxError(offset: position, reason: position < end ? reason : .truncated)
    }

    @inline(__always)
    mutating func skipWhitespace() {
        while position < end {
            let byte = base[position]
            if byte > 0x20 { return }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position &+= 1
        }
    }

    /// The next byte that is not whitespace, left where it is; 0 at the end, which begins no token.
    @inline(__always)
    mutating func peekToken() -> UInt8 {
        skipWhitespace()
        return position < end ? base[position] : 0
    }

    /// Steps over `"key" :` and says where the key stands, its quotes included, and whether it has escapes.
    @inline(__always)
    mutating func key() throws(JSONSyntaxError) -> (range: Range<Int>, isEscaped: Bool) {
        guard peekToken() == UInt8(ascii: "\"") else { throw failure(.keyExpected) }
        let start = position
        let isEscaped = try skipString()
        let range = start..<position
        guard peekToken() == UInt8(ascii: ":") else { throw failure(.colonExpected) }
        position &+= 1
        return (range, isEscaped)
    }

    /// Steps over one value that is not a container.
    @inline(__always)
    mutating func skipScalar(_ first: UInt8) throws(JSONSyntaxError) -> JSONKind {
        switch first {
        case UInt8(ascii: "\""):
            _ = try skipString()
            return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try skipNumber()
            return .number
        case UInt8(ascii: "t"):
            try skipLiteral("true")
            return .true
        case UInt8(ascii: "f"):
            try skipLiteral("false")
            return .false
        case UInt8(ascii: "n"):
            try skipLiteral("null")
            return .null
        default:
            throw failure(.valueExpected)
        }
    }

    /// Steps over one whole value, nested ones included, at most `depthLeft` containers deep.
    ///
    /// Open containers are the bits of one word (1 an object, 0 an array), so that no text can overflow the stack.
    mutating func skipValue(depthLeft: Int) throws(JSONSyntaxError) -> JSONValue {
        let first = peekToken()
        let start = position
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            return JSONValue(kind: try skipScalar(first), range: start..<position)
        }
        var open: UInt64 = 0
        var depth = 0
        repeat {
            let byte = peekToken()
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                guard depth < depthLeft else { throw failure(.tooDeep) }
                let isObject = byte == UInt8(ascii: "{")
                position &+= 1
                depth &+= 1
                open = open &<< 1 | (isObject ? 1 : 0)
                // The closing byte of either container is its opening one plus two.
                if peekToken() != byte &+ 2 {
                    if isObject { _ = try key() }
                    continue
                }
            } else {
                _ = try skipScalar(byte)
            }
            try closeContainers(&open, &depth)
        } while depth > 0
        let kind: JSONKind = first == UInt8(ascii: "{") ? .object : .array
        return JSONValue(kind: kind, range: start..<position)
    }

    /// After a value: closes every container that ends here, or steps over a comma up to where the next value begins.
    @inline(__always)
    private mutating func closeContainers(_ open: inout UInt64, _ depth: inout Int) throws(JSONSyntaxError) {
        while depth > 0 {
            let isObject = open & 1 == 1
            let byte = peekToken()
            if byte == UInt8(ascii: ",") {
                position &+= 1
                if isObject { _ = try key() }
                return
            }
            guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                throw failure(isObject ? .commaOrBraceExpected : .commaOrBracketExpected)
            }
            position &+= 1
            open &>>= 1
            depth &-= 1
        }
    }
}
