/// A value that must not be seen: it prints as `•••` wherever it is interpolated, dumped or reflected.
public struct Secret: Sendable, Hashable {
    private let value: String

    public init(_ value: String) {
        self.value = value
    }

    /// The value itself, for the one place that puts it on the wire.
    public func reveal() -> String {
        value
    }

    public var isEmpty: Bool {
        value.isEmpty
    }

    /// Compares every byte whatever the first difference, so that timing tells nothing of the content (its
    /// length aside).
    public func matches(_ candidate: some Collection<UInt8>) -> Bool {
        let own = value.utf8
        var difference: UInt8 = own.count == candidate.count ? 0 : 1
        var theirs = candidate.makeIterator()
        for byte in own {
            difference |= byte ^ (theirs.next() ?? ~byte)
        }
        return difference == 0
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "•••" }
    public var debugDescription: String { "•••" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
