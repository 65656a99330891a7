/// Dates as HTTP writes them (RFC 9110, 5.6.7), the two obsolete forms included.
package enum HTTPDate {
    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    /// Nil for what is no date, or none between 1970 and 2200.
    package static func parse(_ text: String) -> WallTime? {
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
            CivilDate(year: year, month: month + 1, day: day).daysSince1970 * 86_400 + time[0] * 3_600 + time[
                1] * 60 + time[2]
        return WallTime(nanosecondsSince1970: Int64(seconds) * 1_000_000_000)
    }
}
