/// An amount of one currency, exact to the billionth of its unit.
public struct Money: Sendable, Hashable {
    /// In billionths of the currency's unit. 128 bits hold the price of every count of tokens that fits in an
    /// `Int`, at every rate that a file may state: nothing is ever cut off.
    public let nano: Int128
    /// Three capital letters, such as `USD` (ISO 4217).
    public let currency: String

    public init(nano: Int128, currency: String) {
        self.nano = nano
        self.currency = currency
    }

    /// In units, as near as a `Double` comes: for metrics. Bills are made of ``nano``.
    public var units: Double {
        // 64 bits hold nine billion units, and become a `Double` many times as fast.
        if let few = Int64(exactly: nano) { return Double(few) / 1e9 }
        return Double(nano) / 1e9
    }
}

extension Money: CustomStringConvertible {
    /// `0.00015 USD`
    public var description: String { "\(decimal) \(currency)" }

    /// The exact amount in units, without zeros at the end: `0.00015`.
    public var decimal: String {
        let (whole, rest) = nano.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        let sign = nano < 0 ? "-" : ""
        if rest == 0 { return "\(sign)\(whole)" }
        // What is left of a billion fits in any integer.
        return "\(sign)\(whole)" + DecimalText.print(Int(rest)).dropFirst()
    }
}
