package import SignalboxCore

/// How long a provider asks to be left alone, in any of the dialects seen.
package enum RetryAfter {
    /// Longer than this is not believed: no quota is older than a month.
    package static let longest = Duration.seconds(31 * 86_400)

    /// `retry-after-ms`, then `Retry-After` in seconds or as a date, then the reset of a limit that is used
    /// up.
    package static func read(_ headers: HeaderBlock, at now: WallTime) -> Duration? {
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
    package static func units(_ text: String) -> Duration? {
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
