import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

/// `signalbox usage list`
struct UsageListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists records, the oldest first.",
        discussion: "For more than a look, `usage export` writes them all into a file.")

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var filters: FilterOptions

    @Option(help: "At most so many records, 1 to 1000000.")
    var limit = 100

    @Option(help: "Go on where the list before said that it ended.")
    var after: String?

    @Option(help: "How to print them: \(UsageFormat.choices). Default: table on a terminal, else json.")
    var format: UsageFormat?

    func validate() throws {
        guard (1...1_000_000).contains(limit) else {
            throw ValidationError("--limit takes 1 to 1000000, not \(limit).")
        }
        guard after.map({ LedgerPlace($0) != nil }) ?? true else {
            throw ValidationError("--after takes what the list before said, not '\(after ?? "")'.")
        }
    }

    func run() throws {
        let reader = try ledger.open()
        let filter = try filters.filter()
        var printer = RecordPrinter(format ?? .usual)
        var place = after.flatMap { LedgerPlace($0) }
        var left = limit
        while left > 0 {
            let count = min(left, 1_000)
            let page = try LedgerFailure.told { () throws(StoreError) in
                try reader.records(filter, after: place, limit: count)
            }
            try printer.print(page)
            left -= page.count
            place = page.last.map(LedgerPlace.init(after:)) ?? place
            if page.count < count { break }
        }
        try printer.finish()
        if left == 0, let place {
            let more = try LedgerFailure.told { () throws(StoreError) in
                try reader.records(filter, after: place, limit: 1)
            }
            if !more.isEmpty { StandardError.write("there are more: --after \(place.text)\n") }
        }
        try PurgeNotice.tell(reader, filter)
    }
}

extension UsageFormat {
    /// For help.
    static var choices: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// Prints records as they come; a table once they are all there.
struct RecordPrinter {
    private let format: UsageFormat
    private var output = StandardOutput()
    private var rows: [JSONTree] = []
    private var hasBegun = false

    init(_ format: UsageFormat) {
        self.format = format
    }

    init(_ format: UsageFormat, to descriptor: Int32) {
        self.format = format
        output = StandardOutput(descriptor: descriptor)
    }

    mutating func print(_ records: [StoredRecord]) throws(CommandFailure) {
        try begin()
        var bytes: [UInt8] = []
        for record in records {
            switch format {
            case .table: rows.append(try RecordColumns.tree(record.json))
            case .json: bytes += record.json + [0x0A]
            case .csv: CSVText.append(row: try RecordColumns.row(of: record.json), to: &bytes)
            }
        }
        try output.write(bytes)
    }

    mutating func finish() throws(CommandFailure) {
        try begin()
        if format == .table { try output.write(RecordTable(rows).text) }
        try output.flush()
    }

    private mutating func begin() throws(CommandFailure) {
        guard !hasBegun else { return }
        hasBegun = true
        if format == .csv {
            var head: [UInt8] = []
            CSVText.append(row: RecordColumns.names, to: &head)
            try output.write(head)
        }
    }
}

/// Tells a person that what was asked for is not all there any more.
enum PurgeNotice {
    static func tell(_ reader: LedgerReader, _ filter: LedgerFilter) throws(CommandFailure) {
        let purged = try LedgerFailure.told { () throws(StoreError) in try reader.purged(filter) }
        guard let purged else { return }
        StandardError.write(
            """
            signalbox: not in it: \(purged.records) records of \(purged.first) to \(purged.last) that \
            usage.retention or usage.size_max have removed

            """)
    }
}
