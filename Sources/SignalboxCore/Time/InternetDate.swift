/// Moments as RFC 3339 writes them: `2026-02-03T04:05:06.789Z`, or with an offset. Ours are in UTC and have
/// microseconds: `2026-11-21T05:39:05.123456Z`.
package enum InternetDate {
    package static func append(_ time: WallTime, to bytes: inout [UInt8]) {
        let (microseconds, _) = Int(time.nanosecondsSince1970).floorDivided(by: 1_000)
        let (seconds, fraction) = microseconds.floorDivided(by: 1_000_000)
        let (days, second) = seconds.floorDivided(by: 86_400)
        let date = CivilDate(daysSince1970: days)
        write(date.year, digits: 4, before: "-", to: &bytes)
        write(date.month, digits: 2, before: "-", to: &bytes)
        write(date.day, digits: 2, before: "T", to: &bytes)
        write(second / 3_600, digits: 2, before: ":", to: &bytes)
        write(second / 60 % 60, digits: 2, before: ":", to: &bytes)
        write(second % 60, digits: 2, before: ".", to: &bytes)
        write(fraction, digits: 6, before: "Z", to: &bytes)
    }

    package static func print(_ time: WallTime) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(27)
        append(time, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Takes any RFC 3339 time with an offset. Digits behind the ninth decimal count for nothing.
    /// - Returns: nil for what is no time from 1970 to 2200.
    package static func parse(_ text: some StringProtocol) -> WallTime? {
        var rest = Array(text.utf8)[...]
        guard let date = date(&rest), skip(&rest, "T") || skip(&rest, "t") || skip(&rest, " "),
            let hour = number(&rest, 2), skip(&rest, ":"), let minute = number(&rest, 2), skip(&rest, ":"),
            let second = number(&rest, 2), hour < 24, minute < 60, second <= 60
        else { return nil }
        guard let fraction = fraction(&rest), let offset = offset(&rest), rest.isEmpty else { return nil }
        let seconds = hour * 3_600 + minute * 60 + second - offset
        return WallTime(
            nanosecondsSince1970: date.start.nanosecondsSince1970 + Int64(seconds) * 1_000_000_000
                + Int64(fraction))
    }

    /// Takes a day alone, which begins at midnight in UTC.
    /// - Returns: nil for what is no day from 1970 to 2200.
    package static func parseDay(_ text: some StringProtocol) -> WallTime? {
        var rest = Array(text.utf8)[...]
        guard let date = date(&rest), rest.isEmpty else { return nil }
        return date.start
    }

    // MARK: Parts

    private static func date(_ rest: inout ArraySlice<UInt8>) -> CivilDate? {
        guard let year = number(&rest, 4), skip(&rest, "-"), let month = number(&rest, 2), skip(&rest, "-"),
            let day = number(&rest, 2), 1970...2200 ~= year, 1...12 ~= month
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        return CivilDate(daysSince1970: date.daysSince1970) == date ? date : nil
    }

    private static func write(
        _ value: Int, digits: Int, before mark: Unicode.Scalar, to bytes: inout [UInt8]
    ) {
        var unit = 1
        for _ in 1..<digits { unit *= 10 }
        while unit > 0 {
            bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / unit % 10))
            unit /= 10
        }
        bytes.append(UInt8(ascii: mark))
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, _ digits: Int) -> Int? {
        let part = rest.prefix(digits)
        guard part.count == digits, part.allSatisfy(isDigit) else { return nil }
        rest = rest.dropFirst(digits)
        return part.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func skip(_ rest: inout ArraySlice<UInt8>, _ mark: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: mark) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// In nanoseconds; 0 where there is none.
    private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard skip(&rest, ".") else { return 0 }
        let digits = rest.prefix(while: isDigit)
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        let kept = digits.prefix(9)
        let value = kept.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return (kept.count..<9).reduce(value) { product, _ in product * 10 }
    }

    /// In seconds east of Greenwich.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int? {
        if skip(&rest, "Z") || skip(&rest, "z") { return 0 }
        let sign: Int
        if skip(&rest, "+") { sign = 1 } else if skip(&rest, "-") { sign = -1 } else { return nil }
        guard let hours = number(&rest, 2), skip(&rest, ":"), let minutes = number(&rest, 2), hours < 24,
            minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
}
