/// What usage comes to for each day and model, in one count: ours, or a provider's.
package struct UsageTally: Sendable, Equatable {
    package struct Place: Sendable, Hashable, Comparable {
        /// Of UTC, `2026-11-21`.
        package var day: String
        /// Empty where models are not told apart.
        package var model: String

        package init(day: String, model: String) {
            self.day = day
            self.model = model
        }

        package static func < (left: Place, right: Place) -> Bool {
            (left.day, left.model) < (right.day, right.model)
        }
    }

    package struct Amounts: Sendable, Equatable {
        package var input: Int128 = 0
        package var output: Int128 = 0
        /// By currency, in 10⁻¹⁸ of its unit, so that sums of what is finer than ours stay exact.
        package var atto: [String: Int128] = [:]

        package init() {}

        /// In billionths of the unit, halves rounded away from zero.
        package func nano(_ currency: String) -> Int128 {
            let atto = atto[currency] ?? 0
            let half: Int128 = atto < 0 ? -500_000_000 : 500_000_000
            return (atto + half) / 1_000_000_000
        }
    }

    /// As many days and models as one file may have.
    package static let placesMax = 100_000
    /// No sum comes near it: what does is no count of tokens and no amount of money.
    package static let amountMax = Int128(1) << 120

    package private(set) var amounts: [Place: Amounts] = [:]

    package init() {}

    /// - Throws: ``ReconciliationError`` for more places than ``placesMax``, and sums beyond ``amountMax``.
    package mutating func add(
        _ place: Place, input: Int128 = 0, output: Int128 = 0, atto: Int128 = 0, currency: String? = nil
    ) throws(ReconciliationError) {
        if amounts[place] == nil, amounts.count == Self.placesMax {
            throw ReconciliationError("there are more than \(Self.placesMax) days and models")
        }
        var sum = amounts[place] ?? Amounts()
        sum.input = try Self.sum(sum.input, input)
        sum.output = try Self.sum(sum.output, output)
        if let currency { sum.atto[currency] = try Self.sum(sum.atto[currency] ?? 0, atto) }
        amounts[place] = sum
    }

    package var currencies: Set<String> { Set(amounts.values.flatMap(\.atto.keys)) }

    /// From the first day to the last; nil where there is nothing.
    package var days: ClosedRange<String>? {
        guard let first = amounts.keys.lazy.map(\.day).min(), let last = amounts.keys.lazy.map(\.day).max()
        else { return nil }
        return first...last
    }

    /// The same with a currency in place of another: for amounts whose file does not say.
    package func renaming(currency: String, to name: String) throws(ReconciliationError) -> UsageTally {
        var renamed = self
        for (place, sum) in amounts {
            guard let atto = sum.atto[currency] else { continue }
            renamed.amounts[place]?.atto[currency] = nil
            try renamed.add(place, atto: atto, currency: name)
        }
        return renamed
    }

    private static func sum(_ left: Int128, _ right: Int128) throws(ReconciliationError) -> Int128 {
        guard right.magnitude < amountMax.magnitude, left.magnitude < amountMax.magnitude else {
            throw ReconciliationError("the sums are larger than any bill")
        }
        return left + right
    }
}
