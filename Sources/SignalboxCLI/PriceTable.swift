import SignalboxConfig
import SignalboxCore
import SignalboxUsage

/// A price book for a terminal: a line for each price, for a million tokens.
struct PriceTable {
    private static let head = [
        "SELLER", "MODEL", "FROM", "CURRENCY", "INPUT", "CACHED", "WRITTEN", "OUTPUT", "REASONING",
    ]
    /// Numbers stand at the right edge of their column.
    private static let firstNumber = 4

    private let rows: [[String]]
    private let version: String

    init(_ book: PriceBook) {
        version = book.version
        rows = book.entries.map(Self.row)
    }

    /// With a line end after each line.
    var text: String {
        TextTable(head: Self.head, rows: rows, firstNumber: Self.firstNumber).text
            + "\nversion \(version)\n"
    }

    private static func row(of entry: PriceBook.Entry) -> [String] {
        let seller =
            switch entry.seller {
            case .provider(let name): "provider \(name)"
            case .kind(let kind): kind
            }
        let rates = entry.price.rates
        let amounts = [rates.input, rates.cachedInput, rates.cacheWrite, rates.output, rates.reasoning]
        return [seller, entry.model, DateText.print(entry.price.validFrom), entry.price.currency]
            + amounts.map(DecimalText.print)
    }
}
