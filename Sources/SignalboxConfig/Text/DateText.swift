import Glibc
package import SignalboxCore

/// Days as they stand in a file: `2026-11-01`, which begins at midnight in UTC.
package enum DateText {
    /// Nil for what is no day from 1970 to 2200.
    package static func parse(_ text: String) -> WallTime? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let areDigits = parts.joined().utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        guard areDigits, parts.map(\.utf8.count) == [4, 2, 2] else { return nil }
        let numbers = parts.compactMap { Int($0) }
        let (year, month, day) = (numbers[0], numbers[1], numbers[2])
        guard 1970...2200 ~= year, 1...12 ~= month, day >= 1 else { return nil }
        let first = HTTPDate.days(year: year, month: month, day: 1)
        let next = HTTPDate.days(
            year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1)
        guard first + day <= next else { return nil }
        return WallTime(nanosecondsSince1970: Int64(first + day - 1) * 86_400_000_000_000)
    }

    /// The day of a time that is not before 1970.
    package static func print(_ time: WallTime) -> String {
        var seconds = time_t(time.nanosecondsSince1970 / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return [(parts.tm_year + 1_900, 4), (parts.tm_mon + 1, 2), (parts.tm_mday, 2)].map { number, width in
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }.joined(separator: "-")
    }
}
