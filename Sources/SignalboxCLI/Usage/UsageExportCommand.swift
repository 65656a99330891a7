import ArgumentParser
import SignalboxCore
import SignalboxStore

/// `signalbox usage export`
struct UsageExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes records into a file, however many there are.",
        discussion: """
            They are read in pages and written as they come. The file gets its name when it is whole: until \
            then it is FILE.new.
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var filters: FilterOptions

    @Option(help: "csv or json: one object a line.")
    var format = UsageFormat.csv

    @Option(name: [.short, .long], help: "The file to write. Default: standard output.")
    var output: String?

    @Flag(help: "Show no progress.")
    var quiet = false

    /// Records that are in memory at one time.
    private static let page = 1_000

    func validate() throws {
        if format == .table { throw ValidationError("--format takes csv or json here.") }
    }

    func run() throws {
        let reader = try ledger.open()
        let filter = try filters.filter()
        let file = try output.map { path throws(CommandFailure) in try ExportFile(path) }
        do {
            var printer = RecordPrinter(format, to: file?.descriptor ?? StandardOutput.descriptor)
            let count = try write(reader, filter, &printer)
            try file?.finish()
            if file != nil, !quiet { StandardError.write("\(count) records\n") }
        } catch {
            file?.abandon()
            throw error
        }
        try PurgeNotice.tell(reader, filter)
    }

    private func write(
        _ reader: LedgerReader, _ filter: LedgerFilter, _ printer: inout RecordPrinter
    ) throws -> Int {
        let numbers = try LedgerFailure.told { () throws(StoreError) in try reader.numbers(filter) }
        var progress = ExportProgress(
            numbers: numbers, filter: filter, isShown: !quiet && ExportProgress.isPossible, time: SystemTime()
        )
        defer { progress.end() }
        var place: LedgerPlace?
        while true {
            let page = try LedgerFailure.told { () throws(StoreError) in
                try reader.records(filter, after: place, limit: Self.page)
            }
            try printer.print(page)
            progress.show(page)
            guard page.count == Self.page, let last = page.last else { break }
            place = LedgerPlace(after: last)
        }
        try printer.finish()
        return progress.records
    }
}
