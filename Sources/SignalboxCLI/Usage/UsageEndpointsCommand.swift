import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

/// `signalbox usage endpoints`
struct UsageEndpointsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints",
        abstract: "Shows what waits for each webhook, what was given up, and which are disabled.")

    @OptionGroup var ledger: LedgerOptions

    @Option(help: "How to print them: \(UsageFormat.choices). Default: table on a terminal, else json.")
    var format: UsageFormat?

    private static let head = [
        "ENDPOINT", "TENANT", "STATE", "PENDING", "OLDEST", "DEAD LETTERS", "LAST SEQUENCE",
    ]
    private static let columns = [
        "endpoint", "tenant", "pending", "oldest", "oldest_seconds", "dead_letters", "is_disabled", "reason",
        "is_configured", "last_sequence",
    ]

    func run() throws {
        let reader = try ledger.open()
        let standings = try LedgerFailure.told { () throws(StoreError) in try reader.standings() }
        let now = SystemTime().wallTime()
        try ObjectPrinter(head: Self.head, firstNumber: 3, columns: Self.columns).print(
            standings.map { $0.json(at: now) }, standings.map { Self.row($0, now) }, format ?? .usual)
    }

    private static func row(_ standing: EndpointStanding, _ now: WallTime) -> [String] {
        let state =
            standing.disabled.map { "disabled: \($0)" }
            ?? (standing.isRegistered ? "enabled" : "not configured")
        return [
            standing.name, standing.tenant, state, String(standing.pending),
            standing.oldest.map { AgeText.print($0.age(at: now)) } ?? "-", String(standing.deadLetters),
            String(standing.cursor),
        ]
    }
}

/// `signalbox usage dead-letters`
struct UsageDeadLettersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Lists deliveries that were given up, the oldest first.",
        discussion: "`usage replay` sends them again.")

    @OptionGroup var ledger: LedgerOptions

    @Option(help: "Of this webhook only: a tenant's id, or operator.")
    var endpoint: String?

    @Option(help: "At most so many, 1 to 100000.")
    var limit = 1_000

    @Option(help: "How to print them: \(UsageFormat.choices). Default: table on a terminal, else json.")
    var format: UsageFormat?

    private static let head = [
        "ID", "ENDPOINT", "ERROR", "RECORDS", "SEQUENCES", "ATTEMPTS", "AGE", "GIVEN UP",
    ]
    private static let columns = [
        "id", "endpoint", "tenant", "records", "first_sequence", "last_sequence", "bytes", "attempts",
        "created", "age_seconds", "ended", "error", "origin",
    ]

    func validate() throws {
        guard (1...100_000).contains(limit) else {
            throw ValidationError("--limit takes 1 to 100000, not \(limit).")
        }
    }

    func run() throws {
        let reader = try ledger.open()
        let letters = try LedgerFailure.told { () throws(StoreError) in
            try reader.deliveries(.dead, endpoint: endpoint, limit: limit)
        }
        let now = SystemTime().wallTime()
        try ObjectPrinter(head: Self.head, firstNumber: 3, columns: Self.columns).print(
            letters.map { $0.json(at: now) }, letters.map { Self.row($0, now) }, format ?? .usual)
    }

    private static func row(_ letter: Delivery.Header, _ now: WallTime) -> [String] {
        [
            letter.id, letter.endpoint, String((letter.error ?? "-").prefix(60)), String(letter.records),
            "\(letter.first)-\(letter.last)", String(letter.attempts),
            AgeText.print(letter.created.age(at: now)), AgeText.print(letter.next.age(at: now)) + " ago",
        ]
    }
}

/// Ages for a terminal: `90s`, `12m`, `7h`, `3d`.
enum AgeText {
    static func print(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds)s"
        case ..<7_200: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3_600)h"
        default: "\(seconds / 86_400)d"
        }
    }
}

/// Prints a few objects in any format.
struct ObjectPrinter {
    let head: [String]
    let firstNumber: Int
    /// The members that are columns of CSV, in their order.
    let columns: [String]

    func print(_ objects: [JSONTree], _ rows: [[String]], _ format: UsageFormat) throws(CommandFailure) {
        var output = StandardOutput()
        switch format {
        case .table:
            try output.write(TextTable(head: head, rows: rows, firstNumber: firstNumber).text)
        case .json: for object in objects { try output.write(object.json + [0x0A]) }
        case .csv:
            var bytes: [UInt8] = []
            CSVText.append(row: columns, to: &bytes)
            for object in objects {
                CSVText.append(row: columns.map { RecordColumns.text(object[$0]) }, to: &bytes)
            }
            try output.write(bytes)
        }
        try output.flush()
    }
}
