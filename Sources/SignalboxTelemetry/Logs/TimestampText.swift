import SignalboxCore

/// RFC 3339 in UTC with microseconds: `2026-11-21T05:39:05.123456Z`.
enum TimestampText {
    static func append(_ time: WallTime, to bytes: inout LineBytes) {
        let (seconds, nanoseconds) = Int(time.nanosecondsSince1970).floorDivided(by: 1_000_000_000)
        bytes.append(secondSince1970: seconds)
        bytes.append(nanoseconds / 1_000, digits: 6)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// The part that a second's lines share, point included.
    struct Second {
        static let length = 20

        private(set) var number = Int.min
        private var text: (UInt64, UInt64, UInt32) = (0, 0, 0)

        init() {}

        init(_ secondsSince1970: Int) {
            number = secondsSince1970
            let (days, secondOfDay) = secondsSince1970.floorDivided(by: 86_400)
            let date = CivilDate(daysSince1970: days)
            withUnsafeMutableBytes(of: &text) { text in
                Self.write(date.year, digits: 4, before: "-", to: text, at: 0)
                Self.write(date.month, digits: 2, before: "-", to: text, at: 5)
                Self.write(date.day, digits: 2, before: "T", to: text, at: 8)
                Self.write(secondOfDay / 3_600, digits: 2, before: ":", to: text, at: 11)
                Self.write(secondOfDay / 60 % 60, digits: 2, before: ":", to: text, at: 14)
                Self.write(secondOfDay % 60, digits: 2, before: ".", to: text, at: 17)
            }
        }

        @inline(__always)
        func copy(to place: UnsafeMutableRawPointer) {
            withUnsafeBytes(of: text) {
                place.copyMemory(from: $0.baseAddress!, byteCount: Self.length)
            }
        }

        private static func write(
            _ value: Int, digits: Int, before mark: Unicode.Scalar,
            to text: UnsafeMutableRawBufferPointer, at offset: Int
        ) {
            var rest = value
            for index in stride(from: offset + digits - 1, through: offset, by: -1) {
                text[index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            text[offset + digits] = UInt8(ascii: mark)
        }
    }
}
