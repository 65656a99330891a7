/// Our count beside a provider's, for each day and model.
package struct Reconciliation: Sendable, Equatable {
    package enum Measure: Sendable, Hashable, CustomStringConvertible {
        case inputTokens, outputTokens
        /// In billionths of that currency's unit.
        case cost(String)

        package var description: String {
            switch self {
            case .inputTokens: "input_tokens"
            case .outputTokens: "output_tokens"
            case .cost(let currency): "cost \(currency)"
            }
        }
    }

    package struct Line: Sendable, Equatable {
        package let place: UsageTally.Place
        package let measure: Measure
        package let ours: Int128
        package let theirs: Int128
        package let isWithin: Bool

        package var difference: Int128 { ours - theirs }

        /// Of theirs; nil where they have nothing and we have.
        package var percent: Double? {
            if difference == 0 { return 0 }
            return theirs == 0 ? nil : Double(difference) / Double(theirs.magnitude) * 100
        }
    }

    /// By day, then model.
    package let lines: [Line]
    /// Over all days and models; the place is empty.
    package let totals: [Line]

    package var isWithin: Bool { lines.allSatisfy(\.isWithin) }

    /// - Parameters:
    ///   - measures: what the provider's file says anything of.
    ///   - tolerance: how far the two may lie apart, in billionths of a percent of theirs.
    package init(ours: UsageTally, theirs: UsageTally, measures: [Measure], tolerance: Int) {
        let places = Set(ours.amounts.keys).union(theirs.amounts.keys).sorted()
        var lines: [Line] = []
        var sums: [Measure: (ours: Int128, theirs: Int128)] = [:]
        for place in places {
            for measure in measures {
                let (left, right) = (ours.amounts[place], theirs.amounts[place])
                let line = Line(
                    place: place, measure: measure, ours: measure.value(of: left),
                    theirs: measure.value(of: right), tolerance: tolerance)
                if line.ours == 0, line.theirs == 0 { continue }
                lines.append(line)
                sums[measure, default: (0, 0)].ours += line.ours
                sums[measure, default: (0, 0)].theirs += line.theirs
            }
        }
        self.lines = lines
        totals = measures.compactMap { measure in
            sums[measure].map {
                Line(
                    place: UsageTally.Place(day: "", model: ""), measure: measure, ours: $0.ours,
                    theirs: $0.theirs, tolerance: tolerance)
            }
        }
    }
}

extension Reconciliation.Line {
    fileprivate init(
        place: UsageTally.Place, measure: Reconciliation.Measure, ours: Int128, theirs: Int128,
        tolerance: Int
    ) {
        self.place = place
        self.measure = measure
        self.ours = ours
        self.theirs = theirs
        let difference = (ours - theirs).magnitude.multipliedReportingOverflow(by: 100_000_000_000)
        let room = theirs.magnitude.multipliedReportingOverflow(by: UInt128(tolerance))
        isWithin =
            ours == theirs
            || !difference.overflow && (room.overflow || difference.partialValue <= room.partialValue)
    }
}

extension Reconciliation.Measure {
    fileprivate func value(of amounts: UsageTally.Amounts?) -> Int128 {
        guard let amounts else { return 0 }
        switch self {
        case .inputTokens: return amounts.input
        case .outputTokens: return amounts.output
        case .cost(let currency): return amounts.nano(currency)
        }
    }
}
