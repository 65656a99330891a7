import SignalboxCore
import SignalboxUsage

/// Two counts side by side, in any format.
struct ReconciliationPrinter {
    private static let head = [
        "DAY", "MODEL", "WHAT", "", "OURS", "THEIRS", "DIFFERENCE", "PERCENT",
    ]
    private static let columns = [
        "day", "model", "what", "ours", "theirs", "difference", "percent", "is_within",
    ]

    private let result: Reconciliation

    init(_ result: Reconciliation) {
        self.result = result
    }

    func print(_ format: UsageFormat) throws(CommandFailure) {
        var rows = result.lines.map(Self.row)
        for line in result.totals {
            var row = Self.row(line)
            row[0] = "all"
            rows.append(row)
        }
        try ObjectPrinter(head: Self.head, firstNumber: 4, columns: Self.columns).print(
            result.lines.map(Self.json), rows, format)
    }

    private static func row(_ line: Reconciliation.Line) -> [String] {
        [
            line.place.day, line.place.model, line.measure.description, line.isWithin ? "" : "differs",
            amount(line.ours, line), amount(line.theirs, line), amount(line.difference, line), percent(line),
        ]
    }

    private static func json(_ line: Reconciliation.Line) -> JSONTree {
        .object([
            "day": .string(line.place.day), "model": .string(line.place.model),
            "what": .string(line.measure.description), "ours": .number(amount(line.ours, line)),
            "theirs": .number(amount(line.theirs, line)),
            "difference": .number(amount(line.difference, line)),
            "percent": line.percent.map { _ in .number(percent(line)) }, "is_within": .bool(line.isWithin),
        ])
    }

    private static func amount(_ value: Int128, _ line: Reconciliation.Line) -> String {
        switch line.measure {
        case .inputTokens, .outputTokens: String(value)
        case .cost(let currency): Money(nano: value, currency: currency).decimal
        }
    }

    /// To a thousandth; `-` where there is nothing to be a part of.
    private static func percent(_ line: Reconciliation.Line) -> String {
        guard let percent = line.percent else { return "-" }
        return "\((percent * 1_000).rounded() / 1_000)"
    }
}
