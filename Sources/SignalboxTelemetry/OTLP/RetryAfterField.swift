public import SignalboxCore

/// `Retry-After` (RFC 9110, 10.2.3): how long a receiver wants to be left alone.
public enum RetryAfterField {
    /// Seconds, or the time until a date, which is none at all once it has passed; nil for what is neither.
    public static func parse(_ text: String, at now: WallTime) -> Duration? {
        if let date = HTTPDate.parse(text) {
            return .nanoseconds(max(0, date.nanosecondsSince1970 - now.nanosecondsSince1970))
        }
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        // More digits than fit are centuries, and no different from one.
        return .seconds(min(Int64(text) ?? .max, secondsMax))
    }

    private static let secondsMax: Int64 = 100 * 366 * 86_400
}
