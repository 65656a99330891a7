/// What a JSON value is.
public enum JSONKind: UInt8, Sendable, CaseIterable {
    case object, array, string, number, `true`, `false`, null
}

/// One value of a scanned text: what it is and where it stands. A string's range includes its quotes.
public struct JSONValue: Sendable, Hashable {
    public let kind: JSONKind
    public let range: Range<Int>

    @inlinable
    public init(kind: JSONKind, range: Range<Int>) {
        self.kind = kind
        self.range = range
    }
}
