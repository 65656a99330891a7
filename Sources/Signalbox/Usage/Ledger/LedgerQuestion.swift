package import SignalboxCore
package import SignalboxStore

/// What somebody wants to know of the ledger, in names and texts: parameters of a request, options of a
/// command.
package struct LedgerQuestion: Sendable {
    /// A parameter that says nothing that can be answered.
    package struct Mistake: Error, Sendable, Equatable, CustomStringConvertible {
        /// As the asker calls it.
        package let parameter: String
        package let description: String

        package init(_ parameter: String, _ description: String) {
            self.parameter = parameter
            self.description = description
        }
    }

    package static let filters = [
        "tenant", "tenant_key", "from", "to", "provider", "model", "key", "outcome",
    ]

    private var values: [String: String] = [:]

    /// - Throws: ``Mistake`` for a name that is not among `names`, and one that comes twice.
    package init(
        _ parameters: [(name: String, value: String)], names: [String]
    ) throws(Mistake) {
        for (name, value) in parameters {
            guard names.contains(name) else {
                throw Mistake(name, "there is no such parameter; there are \(names.joined(separator: ", "))")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw Mistake(name, "it comes twice")
            }
        }
    }

    package func text(_ name: String) -> String? { values[name] }

    /// The filter that is asked for; with nothing said, everything.
    package func filter() throws(Mistake) -> LedgerFilter {
        let filter = LedgerFilter(
            tenant: values["tenant"], tenantKey: values["tenant_key"], from: try time("from"),
            to: try time("to"), provider: values["provider"], model: values["model"], key: values["key"],
            outcome: try outcome())
        if let from = filter.from, let to = filter.to, from >= to {
            throw Mistake("to", "it must be after `from`; the time `to` itself is left out")
        }
        return filter
    }

    /// RFC 3339, or a day, which begins at midnight in UTC.
    package func time(_ name: String) throws(Mistake) -> WallTime? {
        guard let text = values[name] else { return nil }
        guard let time = InternetDate.parse(text) ?? InternetDate.parseDay(text) else {
            throw Mistake(
                name, "'\(text.prefix(60))' is no time such as 2026-11-21 or 2026-11-21T05:39:05Z")
        }
        return time
    }

    private func outcome() throws(Mistake) -> UsageRecord.Outcome? {
        guard let text = values["outcome"] else { return nil }
        guard let outcome = UsageRecord.Outcome(rawValue: text) else {
            let names = UsageRecord.Outcome.allCases.map(\.rawValue).joined(separator: ", ")
            throw Mistake("outcome", "'\(text.prefix(60))' is none of \(names)")
        }
        return outcome
    }

    package func integer(_ name: String, _ range: ClosedRange<Int64>) throws(Mistake) -> Int64? {
        guard let text = values[name] else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw Mistake(
                name,
                "'\(text.prefix(60))' is no whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Where the page before ended.
    package func place(_ name: String) throws(Mistake) -> LedgerPlace? {
        guard let text = values[name] else { return nil }
        guard let place = LedgerPlace(text) else {
            throw Mistake(name, "it is not what the page before gave as `next`")
        }
        return place
    }

    /// What sums are made for each of: names with commas between them.
    package func groups(_ name: String) throws(Mistake) -> [LedgerGroup] {
        var groups: [LedgerGroup] = []
        for part in (values[name] ?? "").split(separator: ",") {
            guard let group = LedgerGroup(rawValue: String(part)) else {
                let names = LedgerGroup.allCases.map(\.rawValue).joined(separator: ", ")
                throw Mistake(name, "'\(part.prefix(60))' is none of \(names)")
            }
            if !groups.contains(group) { groups.append(group) }
        }
        return groups
    }
}
