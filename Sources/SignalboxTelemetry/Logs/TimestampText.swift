import SignalboxCore

/// RFC 3339 in UTC with microseconds: `2026-11-21T05:39:05.123456Z`.
enum TimestampText {
    static func append(_ time: WallTime, to bytes: inout LineBytes) {
        let (seconds, nanoseconds) = floorDivided(Int(time.nanosecondsSince1970), by: 1_000_000_000)
        let (days, secondOfDay) = floorDivided(seconds, by: 86_400)
        let (year, month, day) = civil(daysSince1970: days)
        bytes.append(year, digits: 4)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(month, digits: 2)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(day, digits: 2)
        bytes.append(UInt8(ascii: "T"))
        bytes.append(secondOfDay / 3_600, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(secondOfDay / 60 % 60, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(secondOfDay % 60, digits: 2)
        bytes.append(UInt8(ascii: "."))
        bytes.append(nanoseconds / 1_000, digits: 6)
        bytes.append(UInt8(ascii: "Z"))
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
