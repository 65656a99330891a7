/// Amounts as they stand in a file, `0.15`: digits and at most nine decimals, kept exactly.
package enum DecimalText {
    private static let decimalsMax = 9
    private static let billion = 1_000_000_000

    /// In billionths; nil for anything but digits with perhaps a point between them, and for what does not
    /// fit in an `Int`.
    package static func billionths(_ text: String) -> Int? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let areDigits = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        }
        guard areDigits, let whole = Int(parts[0]) else { return nil }
        let (scaled, isTooLarge) = whole.multipliedReportingOverflow(by: billion)
        guard !isTooLarge else { return nil }
        guard parts.count == 2 else { return scaled }
        guard parts[1].utf8.count <= decimalsMax,
            let rest = Int(parts[1] + String(repeating: "0", count: decimalsMax - parts[1].utf8.count))
        else { return nil }
        let (sum, overflow) = scaled.addingReportingOverflow(rest)
        return overflow ? nil : sum
    }

    /// Without zeros at the end; `billionths` is not negative.
    package static func print(_ billionths: Int) -> String {
        let (whole, rest) = billionths.quotientAndRemainder(dividingBy: billion)
        if rest == 0 { return "\(whole)" }
        let digits = String(billion + rest).dropFirst()
        return "\(whole)." + digits.prefix(digits.count - digits.reversed().prefix { $0 == "0" }.count)
    }
}
