import SignalboxCore

/// Records for a terminal: a line for each.
struct RecordTable {
    private static let head = [
        "TIME", "TENANT", "PROVIDER", "MODEL", "KEY", "OUTCOME", "SEQUENCE", "INPUT", "OUTPUT", "COST",
    ]
    /// Numbers stand at the right edge of their column.
    private static let firstNumber = 6

    private let rows: [[String]]

    init(_ records: [JSONTree]) {
        rows = records.map(Self.row)
    }

    /// With a line end after each line.
    var text: String {
        TextTable(head: Self.head, rows: rows, firstNumber: Self.firstNumber).text
    }

    private static func row(of record: JSONTree) -> [String] {
        let texts = ["timestamp", "tenant_id", "provider", "model", "key", "outcome"]
        // What nobody but us has counted is said to be about so much.
        let mark = record["usage_source"]?.string == "estimated" ? "~" : ""
        let tokens = ["prompt_tokens", "completion_tokens"].map { name in
            record[name].map { mark + number($0) } ?? "-"
        }
        let cost = record["cost"].map { "\(number($0)) \(record["currency"]?.string ?? "?")" }
        return texts.map { record[$0]?.string ?? "?" } + [record["sequence"].map(number) ?? "?"] + tokens
            + [cost ?? "-"]
    }

    private static func number(_ value: JSONTree) -> String {
        if case .number(let digits) = value { digits } else { "?" }
    }
}
