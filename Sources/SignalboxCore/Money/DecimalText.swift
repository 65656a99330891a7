/// Amounts as they stand in a file, `0.15`: digits and at most nine decimals, kept exactly.
package enum DecimalText {
    private static let decimalsMax = 9
    private static let billion = 1_000_000_000

    /// In billionths; nil for anything but digits with perhaps a point between them, and for what does not
    /// fit in an `Int`.
    package static func billionths(_ text: String) -> Int? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy(isDigits), let whole = Int(parts[0]) else { return nil }
        let (scaled, isTooLarge) = whole.multipliedReportingOverflow(by: billion)
        guard !isTooLarge else { return nil }
        guard parts.count == 2 else { return scaled }
        guard parts[1].utf8.count <= decimalsMax,
            let rest = Int(parts[1] + String(repeating: "0", count: decimalsMax - parts[1].utf8.count))
        else { return nil }
        let (sum, overflow) = scaled.addingReportingOverflow(rest)
        return overflow ? nil : sum
    }

    /// A JSON number, `1.5e-07`, times a power of ten; nil for what is then no whole number, is negative, or
    /// does not fit in an `Int`.
    package static func whole(_ text: String, timesTenTo power: Int) -> Int? {
        let halves = text.split(omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        let parts = halves[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count <= 2, parts.allSatisfy(isDigits), let exponent = exponent(halves.dropFirst().first)
        else { return nil }
        let decimals = parts.count == 2 ? parts[1].utf8.count : 0
        var digits = parts.joined()[...].drop { $0 == "0" }
        var shift = exponent + power - decimals
        while shift < 0, digits.last == "0" {
            digits.removeLast()
            shift += 1
        }
        if digits.isEmpty { return 0 }
        guard 0...18 ~= shift else { return nil }
        return Int(digits + String(repeating: "0", count: shift))
    }

    private static func exponent(_ text: Substring?) -> Int? {
        guard let text else { return 0 }
        let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text
        // A thousand is more than any that matters.
        guard isDigits(digits), digits.utf8.count <= 4, let size = Int(digits) else { return nil }
        return text.first == "-" ? -size : size
    }

    private static func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    /// Without zeros at the end; `billionths` is not negative.
    package static func print(_ billionths: Int) -> String {
        let (whole, rest) = billionths.quotientAndRemainder(dividingBy: billion)
        if rest == 0 { return "\(whole)" }
        let digits = String(billion + rest).dropFirst()
        return "\(whole)." + digits.prefix(digits.count - digits.reversed().prefix { $0 == "0" }.count)
    }
}
