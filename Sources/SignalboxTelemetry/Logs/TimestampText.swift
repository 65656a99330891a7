import SignalboxCore

/// RFC 3339 in UTC with microseconds: `2026-11-21T05:39:05.123456Z`.
enum TimestampText {
    static func append(_ time: WallTime, to bytes: inout [UInt8]) {
        let (seconds, nanoseconds) = floorDivided(time.nanosecondsSince1970, by: 1_000_000_000)
        let (days, secondOfDay) = floorDivided(seconds, by: 86_400)
        let (year, month, day) = civil(daysSince1970: days)
        appendPair(year / 100, then: nil, to: &bytes)
        appendPair(year % 100, then: UInt8(ascii: "-"), to: &bytes)
        appendPair(month, then: UInt8(ascii: "-"), to: &bytes)
        appendPair(day, then: UInt8(ascii: "T"), to: &bytes)
        appendPair(secondOfDay / 3_600, then: UInt8(ascii: ":"), to: &bytes)
        appendPair(secondOfDay / 60 % 60, then: UInt8(ascii: ":"), to: &bytes)
        appendPair(secondOfDay % 60, then: UInt8(ascii: "."), to: &bytes)
        let microseconds = nanoseconds / 1_000
        appendPair(microseconds / 10_000, then: nil, to: &bytes)
        appendPair(microseconds / 100 % 100, then: nil, to: &bytes)
        appendPair(microseconds % 100, then: UInt8(ascii: "Z"), to: &bytes)
    }

    private static func appendPair(_ value: Int64, then mark: UInt8?, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / 10))
        bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10))
        if let mark { bytes.append(mark) }
    }

    /// Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day comes last.
    private static func civil(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivided(daysSince1970 + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func floorDivided(_ value: Int64, by divisor: Int64) -> (Int64, Int64) {
        let quotient = value / divisor - (value % divisor < 0 ? 1 : 0)
        return (quotient, value - quotient * divisor)
    }
}
