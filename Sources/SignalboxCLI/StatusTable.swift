import SignalboxCore

/// A daemon's status as a table for a terminal: a line for each provider, and one for each of its keys.
struct StatusTable {
    private static let head = [
        "PROVIDER", "KEY", "STATE", "CHECKED", "CIRCUIT", "RPM", "TPM", "HEADROOM", "LATENCY", "IN FLIGHT",
        "WAITING",
    ]
    /// Numbers stand at the right edge of their column.
    private static let firstNumber = 5

    private let rows: [[String]]
    private let foot: String

    /// - Parameter status: what `GET /status` answers.
    init(_ status: JSONTree) {
        var rows: [[String]] = []
        for provider in status["providers"]?.elements ?? [] {
            rows.append(Self.row(of: provider))
            for key in provider["keys"]?.elements ?? [] { rows.append(Self.keyRow(of: key)) }
        }
        self.rows = rows
        let waiting = status["waiting"]?.integer ?? 0
        let sessions = status["sessions"]?.integer ?? 0
        foot = "\(waiting) waiting in line, \(sessions) sessions kept"
    }

    /// With a line end after each line.
    var text: String {
        TextTable(head: Self.head, rows: rows, firstNumber: Self.firstNumber).text + "\n\(foot)\n"
    }

    private static func row(of provider: JSONTree) -> [String] {
        let waiting = (provider["waiting"]?.members ?? []).compactMap { member in
            member.value.integer.map { "\(member.name) \($0)" }
        }
        return [
            provider["name"]?.string ?? "?", "", provider["health"]?.string ?? "?", "", circuit(provider),
            usage(provider["requests_per_minute"]), usage(provider["tokens_per_minute"]),
            percent(provider["headroom"]), milliseconds(provider["latency_ms"]),
            count(provider["in_flight"]), waiting.isEmpty ? "0" : waiting.joined(separator: " "),
        ]
    }

    private static func keyRow(of key: JSONTree) -> [String] {
        let wait = key["rests_for_ms"] ?? key["tried_in_ms"]
        let state = [key["state"]?.string ?? "?", wait.map(milliseconds) ?? ""].filter { !$0.isEmpty }
        return [
            "", key["key"]?.string ?? "?", state.joined(separator: " "), key["checked"]?.string ?? "-",
            circuit(key),
            usage(key["requests_per_minute"]), usage(key["tokens_per_minute"]), percent(key["headroom"]), "",
            count(key["in_flight"]), "",
        ]
    }

    private static func circuit(_ owner: JSONTree) -> String {
        let circuit = owner["circuit"]
        let wait = circuit?["tried_in_ms"].map { " " + milliseconds($0) } ?? ""
        return (circuit?["state"]?.string ?? "?") + wait
    }

    private static func usage(_ usage: JSONTree?) -> String {
        let used = usage?["used"]?.integer ?? 0
        return usage?["limit"]?.integer.map { "\(used)/\($0)" } ?? "\(used)"
    }

    private static func percent(_ ratio: JSONTree?) -> String {
        ratio?.double.map { "\(Int(($0 * 100).rounded()))%" } ?? "-"
    }

    private static func milliseconds(_ value: JSONTree?) -> String {
        guard let count = value?.integer else { return "-" }
        return count < 10_000 ? "\(count)ms" : "\(count / 1_000)s"
    }

    private static func count(_ value: JSONTree?) -> String {
        value?.integer.map(String.init) ?? "-"
    }
}
