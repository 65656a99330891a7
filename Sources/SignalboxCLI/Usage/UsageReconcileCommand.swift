import ArgumentParser
import Glibc
import SignalboxCore
import SignalboxStore
import SignalboxUsage

/// `signalbox usage reconcile`
struct UsageReconcileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compares our sums with a provider's own usage file, day by day and model by model.",
        discussion: """
            FILE is CSV: an export of OpenAI's or Anthropic's console, or any other with a day and tokens or \
            cost. What is not recognised is said with --map 'COLUMN=FIELD', once for each column; the fields \
            are \(ExportColumns.Field.allCases.map(\.rawValue).joined(separator: ", ")).

            Exits with 0 if the counts agree within the tolerance, with 1 if not.
            """)

    @Argument(help: "The provider's file.")
    var file: String

    @OptionGroup var ledger: LedgerOptions

    @Option(help: "The provider's name in our configuration.")
    var provider: String

    @Option(help: "What a column is, such as 'Tokens in=input_tokens'.")
    var map: [String] = []

    @Option(help: "What a model of theirs is called here, such as gpt-4o-2024-08-06=gpt-4o.")
    var alias: [String] = []

    @Option(help: "The currency of their amounts, where the file does not say.")
    var currency: String?

    @Option(help: "How far counts may lie apart, in percent of theirs, such as 0.5.")
    var tolerance = "0"

    @Option(help: "How to print it: \(UsageFormat.choices). Default: table on a terminal, else json.")
    var format: UsageFormat?

    private static let pieceBytes = 64 << 10

    func validate() throws {
        _ = try mapped()
        _ = try aliases()
        guard DecimalText.billionths(tolerance) != nil else {
            throw ValidationError("--tolerance takes a percentage such as 0.5, not '\(tolerance)'.")
        }
    }

    func run() throws {
        let reading = try read()
        let reader = try ledger.open()
        guard let days = reading.tally.days, let columns = reading.columns else {
            throw CommandFailure(message: "\(file) has no row with any use", status: 2)
        }
        StandardError.write("\(file): \(reading.rows) rows: \(columns.summary)\n")
        let filter = try filter(days)
        let ours = try tally(reader, filter, columns)
        let theirs = try Self.told(file) { () throws(ReconciliationError) in
            try reading.tally.renaming(
                currency: ExportReading.unknownCurrency, to: unsaidCurrency(ours.currencies, reading.tally))
        }
        let result = Reconciliation(
            ours: ours, theirs: theirs, measures: measures(columns, ours, theirs),
            tolerance: DecimalText.billionths(tolerance) ?? 0)
        try ReconciliationPrinter(result).print(format ?? .usual)
        try PurgeNotice.tell(reader, filter)
        guard result.isWithin else {
            let beyond = result.lines.count { !$0.isWithin }
            throw CommandFailure(
                message: "\(beyond) of \(result.lines.count) counts lie more than \(tolerance) % apart",
                status: 1)
        }
    }

    // MARK: Theirs

    private func read() throws(CommandFailure) -> ExportReading {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable }
        defer { close(descriptor) }
        var reading: ExportReading
        do {
            reading = ExportReading(mapped: try mapped(), aliases: try aliases())
        } catch {
            throw CommandFailure(message: "\(error)", status: 2)
        }
        var buffer = [UInt8](repeating: 0, count: Self.pieceBytes)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable }
            let piece = Array(buffer.prefix(count))
            try Self.told(file) { () throws(ReconciliationError) in
                try count == 0 ? reading.finish() : reading.read(piece)
            }
            if count == 0 { return reading }
        }
    }

    private var unreadable: CommandFailure {
        CommandFailure(message: "\(file) cannot be read: \(String(cString: strerror(errno)))", status: 2)
    }

    private static func told<Value>(
        _ file: String, _ body: () throws(ReconciliationError) -> Value
    ) throws(CommandFailure) -> Value {
        do throws(ReconciliationError) {
            return try body()
        } catch {
            throw CommandFailure(message: "\(file): \(error)", status: 2)
        }
    }

    private func mapped() throws(ValidationError) -> [(column: String, field: ExportColumns.Field)] {
        try map.map { text throws(ValidationError) in
            let (column, name) = try Self.halves(text, of: "--map", at: text.lastIndex(of: "="))
            guard let field = ExportColumns.Field(rawValue: name) else {
                let names = ExportColumns.Field.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--map '\(text)': \(name) is none of \(names).")
            }
            return (column, field)
        }
    }

    private func aliases() throws(ValidationError) -> [String: String] {
        var aliases: [String: String] = [:]
        for text in alias {
            let (theirs, ours) = try Self.halves(text, of: "--alias", at: text.firstIndex(of: "="))
            aliases[theirs] = ours
        }
        return aliases
    }

    private static func halves(
        _ text: String, of option: String, at middle: String.Index?
    ) throws(ValidationError) -> (String, String) {
        guard let middle, middle != text.startIndex, text.index(after: middle) != text.endIndex else {
            throw ValidationError("\(option) takes THEIRS=OURS, not '\(text)'.")
        }
        return (String(text[..<middle]), String(text[text.index(after: middle)...]))
    }

    // MARK: Ours

    private func filter(_ days: ClosedRange<String>) throws(CommandFailure) -> LedgerFilter {
        guard let first = InternetDate.parseDay(days.lowerBound),
            let last = InternetDate.parseDay(days.upperBound)
        else { throw CommandFailure(message: "\(file) has no days", status: 2) }
        let end = WallTime(nanosecondsSince1970: last.nanosecondsSince1970 + 86_400_000_000_000)
        return LedgerFilter(from: first, to: end, provider: provider)
    }

    private func tally(
        _ reader: LedgerReader, _ filter: LedgerFilter, _ columns: ExportColumns
    ) throws(CommandFailure) -> UsageTally {
        let groups: [LedgerGroup] = columns.model == nil ? [.day] : [.day, .model]
        let sums = try LedgerFailure.told { () throws(StoreError) in try reader.sums(filter, by: groups) }
        if sums.isEmpty {
            StandardError.write("signalbox: there are no records of provider \(provider) on these days\n")
        }
        return try Self.told(file) { () throws(ReconciliationError) in
            var tally = UsageTally()
            for sum in sums {
                let (atto, isTooLarge) = sum.nano.multipliedReportingOverflow(by: 1_000_000_000)
                if isTooLarge { throw ReconciliationError("our own costs are larger than any bill") }
                try tally.add(
                    UsageTally.Place(day: sum.values[.day] ?? "", model: sum.values[.model] ?? ""),
                    input: Int128(sum.promptTokens), output: Int128(sum.completionTokens), atto: atto,
                    currency: sum.currency)
            }
            return tally
        }
    }

    /// What amounts are in whose file does not say.
    private func unsaidCurrency(
        _ ours: Set<String>, _ theirs: UsageTally
    ) throws(ReconciliationError) -> String {
        if let currency { return currency.uppercased() }
        guard theirs.currencies.contains(ExportReading.unknownCurrency), ours.count > 1 else {
            return ours.first ?? "USD"
        }
        throw ReconciliationError(
            "it does not say what its amounts are in, and ours are in "
                + "\(ours.sorted().joined(separator: ", ")): say --currency")
    }

    private func measures(
        _ columns: ExportColumns, _ ours: UsageTally, _ theirs: UsageTally
    ) -> [Reconciliation.Measure] {
        var measures: [Reconciliation.Measure] = []
        if !columns.input.isEmpty { measures.append(.inputTokens) }
        if !columns.output.isEmpty { measures.append(.outputTokens) }
        if !columns.cost.isEmpty {
            measures += ours.currencies.union(theirs.currencies).sorted().map(Reconciliation.Measure.cost)
        }
        return measures
    }
}
