package import SignalboxCore

/// Days as they stand in a file: `2026-11-01`, which begins at midnight in UTC.
package enum DateText {
    /// Nil for what is no day from 1970 to 2200.
    package static func parse(_ text: String) -> WallTime? {
        InternetDate.parseDay(text)
    }

    /// The day of a time from 1970 to 9999.
    package static func print(_ time: WallTime) -> String {
        String(InternetDate.print(time).prefix(10))
    }
}
