import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

/// `signalbox usage sum`
struct UsageSumCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sum",
        abstract: "Sums records exactly, for each currency.",
        discussion: """
            --by takes \(LedgerGroup.allCases.map(\.rawValue).joined(separator: ", ")), several with commas \
            between them. Amounts of two currencies are never added; records without a cost stand on a line \
            of their own.
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var filters: FilterOptions

    @Option(help: "For each of what, such as tenant,day.")
    var by: String?

    @Option(help: "How to print them: \(UsageFormat.choices). Default: table on a terminal, else json.")
    var format: UsageFormat?

    func validate() throws { _ = try groups() }

    func run() throws {
        let reader = try ledger.open()
        let (filter, groups) = (try filters.filter(), try groups())
        let sums = try LedgerFailure.told { () throws(StoreError) in try reader.sums(filter, by: groups) }
        var output = StandardOutput()
        switch format ?? .usual {
        case .table: try output.write(SumTable(sums, by: groups).text)
        case .json: for sum in sums { try output.write(sum.json(by: groups).json + [0x0A]) }
        case .csv: try output.write(SumTable.csv(sums, by: groups))
        }
        try output.flush()
        try PurgeNotice.tell(reader, filter)
    }

    private func groups() throws -> [LedgerGroup] {
        try QuestionMistake.told { () throws(LedgerQuestion.Mistake) in
            try LedgerQuestion(by.map { [("by", $0)] } ?? [], names: ["by"]).groups("by")
        }
    }
}

/// Sums for a terminal: a line for each, and what they come to for each currency.
struct SumTable {
    private let head: [String]
    private let rows: [[String]]
    private let firstNumber: Int
    private let foot: String

    init(_ sums: [LedgerSum], by groups: [LedgerGroup]) {
        head =
            groups.map { $0.rawValue.uppercased() } + [
                "CURRENCY", "RECORDS", "INPUT", "OUTPUT", "CACHED", "WRITTEN", "REASONING", "COST",
            ]
        firstNumber = groups.count + 1
        rows = sums.map { sum in
            groups.map { sum.values[$0] ?? "" } + [sum.currency ?? "-"]
                + [
                    sum.records, sum.promptTokens, sum.completionTokens, sum.cachedTokens,
                    sum.cacheWriteTokens, sum.reasoningTokens,
                ].map(String.init) + [sum.cost?.decimal ?? "-"]
        }
        foot = Self.total(sums)
    }

    /// With a line end after each line.
    var text: String {
        TextTable(head: head, rows: rows, firstNumber: firstNumber).text + "\n\(foot)\n"
    }

    private static func total(_ sums: [LedgerSum]) -> String {
        var nano: [String: Int128] = [:]
        for sum in sums { if let currency = sum.currency { nano[currency, default: 0] &+= sum.nano } }
        let records = sums.reduce(0) { $0 + $1.records }
        let costs = nano.sorted { $0.key < $1.key }.map { Money(nano: $0.value, currency: $0.key) }
        return "\(records) record\(records == 1 ? "" : "s")" + costs.map { ", \($0)" }.joined()
    }

    /// The groups, then what JSON has, in its order.
    static func csv(_ sums: [LedgerSum], by groups: [LedgerGroup]) -> [UInt8] {
        let names =
            groups.map(\.rawValue) + [
                "records", "prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens",
                "cache_write_tokens", "reasoning_tokens", "currency", "cost", "cost_nano",
            ]
        var bytes: [UInt8] = []
        CSVText.append(row: names, to: &bytes)
        for sum in sums {
            let json = sum.json(by: groups)
            CSVText.append(row: names.map { RecordColumns.text(json[$0]) }, to: &bytes)
        }
        return bytes
    }
}
