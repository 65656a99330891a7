import SignalboxCore

/// How long a provider asks to be left alone, in any of the dialects seen.
enum RetryAfter {
    /// Longer than this is not believed: no quota is older than a month.
    static let longest = Duration.seconds(31 * 86_400)

    /// `retry-after-ms`, then `Retry-After` in seconds or as a date, then the reset of a limit that is used up.
    static func read(_ headers: HeaderBlock, at now: WallTime) -> Duration? {
        if let text = headers["retry-after-ms"], let milliseconds = Double(text) {
            return duration(seconds: milliseconds / 1_000)
        }
        if let text = headers["retry-after"] {
            if let seconds = Double(text) { return duration(seconds: seconds) }
            if let date = HTTPDate.parse(text) {
                let wait = Double(date.nanosecondsSince1970 - now.nanosecondsSince1970) / 1e9
                return duration(seconds: wait)
            }
        }
        let requests = reset(headers["x-ratelimit-remaining-requests"], headers["x-ratelimit-reset-requests"])
        let tokens = reset(headers["x-ratelimit-remaining-tokens"], headers["x-ratelimit-reset-tokens"])
        return [requests, tokens].compactMap(\.self).max()
    }

    private static func reset(_ remaining: String?, _ reset: String?) -> Duration? {
        guard let remaining, Int(remaining) == 0, let reset else { return nil }
        return units(reset)
    }

    /// `20ms`, `7.66s`, `6m0s`, `1h2m3s`, or plain seconds.
    static func units(_ text: String) -> Duration? {
        if let seconds = Double(text) { return duration(seconds: seconds) }
        var rest = Substring(text)
        var sum = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix(while: { $0.isNumber || $0 == "." })
            let unit = rest.dropFirst(digits.count).prefix(while: \.isLetter)
            guard let count = Double(digits), let size = seconds(of: unit) else { return nil }
            sum += count * size
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return text.isEmpty ? nil : duration(seconds: sum)
    }

    private static func seconds(of unit: Substring) -> Double? {
        ["ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400][unit]
    }

    /// Nil for what is not a number; a moment that has passed is no wait at all.
    private static func duration(seconds: Double) -> Duration? {
        guard seconds.isFinite else { return nil }
        let longestSeconds = Double(longest.components.seconds)
        return .milliseconds(Int64((min(max(seconds, 0), longestSeconds) * 1_000).rounded(.up)))
    }
}

/// Dates as HTTP writes them (RFC 9110, 5.6.7), the two obsolete forms included.
enum HTTPDate {
    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    static func parse(_ text: String) -> WallTime? {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "-" })
        let numbers = words.compactMap { Int($0) }
        guard numbers.count == 2, let clock = words.first(where: { $0.contains(":") }),
            let month = words.compactMap({ months.firstIndex(of: $0.lowercased()) }).first
        else { return nil }
        let (day, writtenYear) = (numbers[0], numbers[1])
        let time = clock.split(separator: ":").compactMap { Int($0) }
        guard time.count == 3, 1...31 ~= day, 0...23 ~= time[0], 0...59 ~= time[1], 0...60 ~= time[2],
            0...9_999 ~= writtenYear
        else { return nil }
        let year = writtenYear >= 100 ? writtenYear : writtenYear + (writtenYear < 70 ? 2_000 : 1_900)
        guard 1970...2200 ~= year else { return nil }
        let seconds =
            days(year: year, month: month + 1, day: day) * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2]
        return WallTime(nanosecondsSince1970: Int64(seconds) * 1_000_000_000)
    }

    /// Days since 1970-01-01, counting years from March so that the leap day comes last.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
