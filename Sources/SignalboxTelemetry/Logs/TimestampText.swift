import SignalboxCore

/// RFC 3339 in UTC with microseconds: `2026-11-21T05:39:05.123456Z`.
enum TimestampText {
    static func append(_ time: WallTime, to bytes: inout LineBytes) {
        let (seconds, nanoseconds) = floorDivided(Int(time.nanosecondsSince1970), by: 1_000_000_000)
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
            let (days, secondOfDay) = floorDivided(secondsSince1970, by: 86_400)
            let (year, month, day) = civil(daysSince1970: days)
            withUnsafeMutableBytes(of: &text) { text in
                Self.write(year, digits: 4, before: "-", to: text, at: 0)
                Self.write(month, digits: 2, before: "-", to: text, at: 5)
                Self.write(day, digits: 2, before: "T", to: text, at: 8)
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

    /// Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day comes last.
    private static func civil(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = floorDivided(daysSince1970 + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func floorDivided(_ value: Int, by divisor: Int) -> (Int, Int) {
        let quotient = value / divisor - (value % divisor < 0 ? 1 : 0)
        return (quotient, value - quotient * divisor)
    }
}
