/// Sizes as they stand in a file: bytes, or a whole number and a unit, `32MiB`, `64KiB`, `1MB`.
enum ByteCountText {
    private static let units: [(suffix: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("GB", 1_000_000_000), ("MB", 1_000_000),
        ("KB", 1_000), ("kB", 1_000), ("B", 1), ("", 1),
    ]

    /// Nil for anything but digits and perhaps a unit, and for what does not fit in an `Int`.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits),
            let unit = units.first(where: { $0.suffix == text[digits.endIndex...] })
        else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    /// In the largest binary unit that leaves a whole number.
    static func print(_ bytes: Int) -> String {
        for unit in units.prefix(3) where bytes > 0 && bytes % unit.bytes == 0 {
            return "\(bytes / unit.bytes)\(unit.suffix)"
        }
        return "\(bytes)"
    }
}
