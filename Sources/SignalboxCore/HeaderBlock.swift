/// The header fields of one message, in one allocation-friendly block; names are looked up without regard to
/// case.
public struct HeaderBlock: Sendable {
    private struct Place: Sendable {
        var name: Range<Int>
        var value: Range<Int>
    }

    private var bytes: [UInt8] = []
    private var places: [Place] = []

    public init() {}

    public init(_ fields: [String: String]) {
        for (var name, var value) in fields {
            name.withUTF8 { name in
                value.withUTF8 {
                    append(name: UnsafeRawBufferPointer(name), value: UnsafeRawBufferPointer($0))
                }
            }
        }
    }

    public var count: Int { places.count }

    public mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if places.isEmpty {
            bytes.reserveCapacity(512)
            places.reserveCapacity(12)
        }
        let nameStart = bytes.count
        bytes.append(contentsOf: name)
        let valueStart = bytes.count
        bytes.append(contentsOf: value)
        places.append(Place(name: nameStart..<valueStart, value: valueStart..<bytes.count))
    }

    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    /// The first field of that name, invalid UTF-8 repaired; nil where there is none. `name` is lower case.
    public subscript(name: StaticString) -> String? {
        for place in places where matches(place.name, name) {
            return String(decoding: bytes[place.value], as: UTF8.self)
        }
        return nil
    }

    /// Every field in order, for relaying and for tests.
    public var all: [(name: String, value: String)] {
        places.map {
            (
                String(decoding: bytes[$0.name], as: UTF8.self),
                String(decoding: bytes[$0.value], as: UTF8.self)
            )
        }
    }

    private func matches(_ range: Range<Int>, _ name: StaticString) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        let wanted = name.utf8Start
        for offset in 0..<range.count {
            var byte = bytes[range.lowerBound + offset]
            if byte >= 0x41 && byte <= 0x5A { byte |= 0x20 }
            if byte != wanted[offset] { return false }
        }
        return true
    }
}
