import Glibc

/// Reads values out of a text that has been scanned before: what it finds is valid, so nothing here can fail
/// loudly.
public enum JSONScan {
    /// A string, its escapes decoded; a lone surrogate becomes U+FFFD. Nil if the value is not a string.
    public static func string(at value: JSONValue, in bytes: [UInt8]) -> String? {
        guard value.kind == .string else { return nil }
        let inner = value.range.lowerBound + 1..<value.range.upperBound - 1
        return bytes.withUnsafeBufferPointer { buffer in
            let text = UnsafeBufferPointer(rebasing: buffer[inner])
            guard text.contains(0x5C) else { return String(decoding: text, as: UTF8.self) }
            return String(decoding: JSONText.unescape(text), as: UTF8.self)
        }
    }

    /// A whole number that fits; nil for fractions, exponents and everything else.
    public static func integer(at value: JSONValue, in bytes: [UInt8]) -> Int? {
        guard value.kind == .number else { return nil }
        var index = value.range.lowerBound
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        var sum = 0
        while index < value.range.upperBound {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (product, overflow) = sum.multipliedReportingOverflow(by: 10)
            let (next, carried) = product.subtractingReportingOverflow(Int(digit))
            if overflow || carried { return nil }
            sum = next
            index += 1
        }
        // Summed downwards, because the smallest integer has no positive twin.
        return isNegative ? sum : (sum == .min ? nil : -sum)
    }

    public static func bool(at value: JSONValue) -> Bool? {
        switch value.kind {
        case .true: true
        case .false: false
        case .object, .array, .string, .number, .null: nil
        }
    }

    /// Judges `bytes[range]` (all of them by default) as one value of any kind, strictly.
    public static func value(
        scanning bytes: [UInt8], in range: Range<Int>? = nil, depthMax: Int = JSONFields.depthLimit
    ) throws(JSONSyntaxError) -> JSONValue {
        let whole = range ?? 0..<bytes.count
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<JSONValue, JSONSyntaxError> in
            var scanner = JSONScanner(buffer, in: whole)
            return Result { () throws(JSONSyntaxError) in
                let value = try scanner.skipValue(depthLeft: depthMax)
                scanner.skipWhitespace()
                guard scanner.position == scanner.end else { throw scanner.failure(.trailingBytes) }
                return value
            }
        }
        return try result.get()
    }

    /// One member of an object (the last of that name), found without allocating; nil where there is none.
    public static func member(_ name: StaticString, of value: JSONValue, in bytes: [UInt8]) -> JSONValue? {
        var found: JSONValue?
        visitMembers(of: value, in: bytes) { key, member in
            if key.isNamed(name, in: bytes) { found = member }
        }
        return found
    }

    /// Calls `visit` with each member of an object, in order and without allocating; not at all for other
    /// values.
    public static func visitMembers(
        of value: JSONValue, in bytes: [UInt8], _ visit: (JSONKey, JSONValue) -> Void
    ) {
        guard value.kind == .object else { return }
        bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer, in: value.range)
            scanner.position += 1
            do throws(JSONSyntaxError) {
                while scanner.peekToken() == UInt8(ascii: "\"") {
                    let (range, isEscaped) = try scanner.key()
                    visit(
                        JSONKey(range: range, isEscaped: isEscaped),
                        try scanner.skipValue(depthLeft: JSONFields.depthLimit))
                    if scanner.peekToken() == UInt8(ascii: ",") { scanner.position += 1 }
                }
            } catch {
                // Only a value that was never scanned gets here: it has no more members.
                return
            }
        }
    }

    /// The elements of an array, in order; none if the value is not an array.
    public static func elements(of value: JSONValue, in bytes: [UInt8]) -> JSONElements {
        JSONElements(value: value, bytes: bytes)
    }

    static func isKey(_ key: Range<Int>, isEscaped: Bool, _ name: StaticString, in bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { isKey(key, isEscaped: isEscaped, name, in: $0) }
    }

    @inline(__always)
    static func isKey(
        _ key: Range<Int>, isEscaped: Bool, _ name: StaticString, in bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        let wanted = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        let inner = key.lowerBound &+ 1..<key.upperBound &- 1
        if isEscaped {
            // An escape is at most six times as long as what it stands for: a huge key is not decoded in
            // vain.
            guard inner.count <= wanted.count &* 6 else { return false }
            return JSONText.unescape(UnsafeBufferPointer(rebasing: bytes[inner])).elementsEqual(wanted)
        }
        guard inner.count == wanted.count else { return false }
        guard let base = bytes.baseAddress else { return false }
        return memcmp(base + inner.lowerBound, name.utf8Start, wanted.count) == 0
    }
}

/// The name of a member, where it stands in the text.
public struct JSONKey: Sendable {
    @usableFromInline let range: Range<Int>
    @usableFromInline let isEscaped: Bool

    init(range: Range<Int>, isEscaped: Bool) {
        self.range = range
        self.isEscaped = isEscaped
    }

    @inlinable
    public func isNamed(_ name: StaticString, in bytes: [UInt8]) -> Bool {
        // Most names are told apart by their length.
        guard isEscaped || range.count == name.utf8CodeUnitCount + 2 else { return false }
        return isSpelled(name, in: bytes)
    }

    @usableFromInline
    func isSpelled(_ name: StaticString, in bytes: [UInt8]) -> Bool {
        JSONScan.isKey(range, isEscaped: isEscaped, name, in: bytes)
    }
}

/// Walks the elements of one array.
public struct JSONElements: Sequence, IteratorProtocol, Sendable {
    private let bytes: [UInt8]
    private let end: Int
    private var position: Int

    init(value: JSONValue, bytes: [UInt8]) {
        self.bytes = bytes
        // The closing bracket stays outside: what is left is values and commas.
        position = value.kind == .array ? value.range.lowerBound + 1 : 0
        end = value.kind == .array ? value.range.upperBound - 1 : 0
    }

    public mutating func next() -> JSONValue? {
        let rest = position..<end
        let found = bytes.withUnsafeBufferPointer { buffer -> (JSONValue, Int)? in
            var scanner = JSONScanner(buffer, in: rest)
            if scanner.peekToken() == UInt8(ascii: ",") { scanner.position += 1 }
            guard scanner.peekToken() != 0 else { return nil }
            do throws(JSONSyntaxError) {
                let value = try scanner.skipValue(depthLeft: JSONFields.depthLimit)
                return (value, scanner.position)
            } catch {
                return nil
            }
        }
        guard let (value, next) = found else { return nil }
        position = next
        return value
    }
}
