import Signalbox
import SignalboxCore

/// What was found of one key, for a terminal.
struct ValidationText {
    private let found: KeyValidation

    init(_ found: KeyValidation) {
        self.found = found
    }

    /// With a line end after each line.
    var text: String {
        let head = [found.provider, Self.state(of: found)]
        let rows = [["", found.report.message]] + facts.map { [$0.name, $0.value] } + models
        return TextTable(head: head, rows: rows, firstNumber: head.count).text
    }

    /// As tables show it.
    static func state(of found: KeyValidation) -> String {
        let state = found.report.state
        return state.weight == .bad && !found.isConfirmed
            ? "\(state.rawValue) (said once, not confirmed)" : state.rawValue
    }

    private var models: [[String]] {
        found.models.map { standing in
            let access = standing.access.rawValue.replacing("_", with: " ")
            return ["model", standing.model + ": " + access]
        }
    }

    private var facts: [(name: String, value: String)] {
        let (report, details) = (found.report, found.report.details)
        let facts: [(String, String?)] = [
            ("code", report.code == .success ? nil : report.code.rawValue),
            ("status", report.status.map(String.init)), ("provider's code", report.providerCode),
            ("request id", report.requestID), ("wait", report.retryAfter.map(Self.seconds)),
            ("scopes", Self.list(details.scopes)), ("missing scopes", Self.list(details.missingScopes)),
            ("models", details.models.isEmpty ? nil : "\(details.models.count)"),
            ("balance", Self.list(details.balances.map(Self.amount))),
            ("left of its limit", details.limitRemaining.map(Self.amount)),
            ("expires", details.expiresAt.map(InternetDate.print)),
            ("organisation", details.organisation), ("region", details.region),
            ("took", "\(found.milliseconds) ms, \(Self.count(found.requests, "request"))"),
        ]
        return facts.compactMap { name, value in value.map { (name, $0) } }
    }

    /// What matters most, on one line.
    static func summary(of found: KeyValidation) -> String {
        let details = found.report.details
        guard found.verdict == .good else { return found.report.message }
        let parts = [
            details.scopes.isEmpty || details.attempts == nil ? nil : details.scopes[0],
            details.models.isEmpty ? nil : count(details.models.count, "model"),
            list(details.balances.map(amount)), details.limitRemaining.map { amount($0) + " left" },
            details.expiresAt.map { "until " + InternetDate.print($0).prefix(10) },
        ].compactMap(\.self)
        return parts.isEmpty ? found.report.message : parts.joined(separator: ", ")
    }

    private static func list(_ texts: [String]) -> String? {
        texts.isEmpty ? nil : texts.joined(separator: " ")
    }

    private static func amount(_ balance: KeyBalance) -> String {
        [balance.amount, balance.unit, balance.purpose ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static func count(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    private static func seconds(_ duration: Duration) -> String {
        "\(Double(duration.nanoseconds / 1_000_000) / 1_000) s"
    }
}

/// What was found of all keys.
struct ValidationTable {
    let rows: [ValidationRound.Row]
    let status: ValidationStatus

    private static let head = ["PROVIDER", "KEY", "STATE", "TOLD", "TIME"]

    /// With a line end after each line.
    var text: String {
        guard !rows.isEmpty else { return "" }
        let keys = TextTable(
            head: Self.head,
            rows: rows.map { row in
                [
                    row.found.provider, row.key, ValidationText.state(of: row.found),
                    ValidationText.summary(of: row.found), "\(row.found.milliseconds)ms",
                ]
            }, firstNumber: Self.head.count - 1
        ).text
        let models = rows.flatMap { row in
            row.found.models.map {
                [row.found.provider, row.key, $0.model, $0.access.rawValue.replacing("_", with: " ")]
            }
        }
        let head = ["PROVIDER", "KEY", "MODEL", "ACCESS"]
        let access =
            models.isEmpty ? "" : "\n" + TextTable(head: head, rows: models, firstNumber: head.count).text
        return keys + access + "\n\(status.good) good, \(status.bad) bad, \(status.unclear) not known\n"
    }

    var json: JSONTree {
        let keys = rows.map { row in
            JSONTree.object([JSONTree.Member("key", .string(row.key))] + (row.found.json.members ?? []))
        }
        return .object([
            "keys": .array(keys), "good": .integer(status.good), "bad": .integer(status.bad),
            "not_known": .integer(status.unclear),
        ])
    }
}
