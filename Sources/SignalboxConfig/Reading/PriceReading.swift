import SignalboxCore
import SignalboxProviders
import SignalboxUsage

// What tokens cost, in a file of its own.
extension ConfigurationReading {
    mutating func readPrices() {
        guard let field = root["prices"], let section = Section(field, .prices),
            let place = section.required("file", remedy: "name the file that has the prices"),
            let path = place.name(bytesMax: 4_096)
        else { return }
        do {
            let bytes = try secrets.read(path, PriceReading.fileBytesMax)
            let reading = PriceReading(file: path, ledger: ledger)
            guard let book = reading.book(of: bytes) else { return }
            configuration.prices = Configuration.Prices(file: path, book: book)
        } catch {
            place.refuse("the file \(Spelling.quoted(path)) \(error.problem)")
        }
    }

    /// Whether prices were named and could not be read: then nobody knows who has none.
    var hasWrongPrices: Bool { root["prices"] != nil && configuration.prices == nil }
}

/// One reading of a file of prices.
struct PriceReading {
    /// Largest file of prices, in bytes.
    static let fileBytesMax = 8 << 20
    static let entriesMax = 20_000

    let file: String
    let ledger: MistakeLedger

    /// Nil where there is a mistake, which is in the ledger then.
    func book(of bytes: [UInt8]) -> PriceBook? {
        let told = ledger.mistakes.count + ledger.omitted
        guard let root = YAMLDocument(file: file, ledger: ledger).root(of: bytes),
            let section = Section(root, .priceFile)
        else { return nil }
        var version = PriceBook.version(of: bytes)
        section.set(&version, "version") { $0.name(bytesMax: 64) }
        let remedy = "list them: prices: [{kind: …, model: …, currency: USD, …}]"
        let fields = section.required("prices", remedy: remedy).flatMap {
            $0.list(max: Self.entriesMax, expected: "a list of prices")
        }
        var seen: Set<Moment> = []
        let entries = (fields ?? []).compactMap { entry($0, seen: &seen) }
        guard ledger.mistakes.count + ledger.omitted == told else { return nil }
        return PriceBook(version: version, entries)
    }

    /// What no two entries may share.
    private struct Moment: Hashable {
        let seller: PriceBook.Seller
        let model: String
        let validFrom: WallTime
    }

    private func entry(_ field: Field, seen: inout Set<Moment>) -> PriceBook.Entry? {
        guard let section = Section(field, .priceEntry) else { return nil }
        let seller = seller(section)
        let model = section.required("model", remedy: "write what the provider calls it").flatMap {
            $0.name(bytesMax: 200)
        }
        let from = section.required("valid_from", remedy: "write the first day, such as 2026-01-31")
        let validFrom = from.flatMap { $0.day() }
        let currency = section.required("currency", remedy: "write currency: USD, or another").flatMap {
            $0.currency()
        }
        let rates = rates(section)
        guard let seller, let model, let validFrom, let currency, let rates else { return nil }
        if !seen.insert(Moment(seller: seller, model: model, validFrom: validFrom)).inserted {
            from?.refuse("the model has a price from that day on already", "remove one")
        }
        return PriceBook.Entry(
            seller, model: model, Price(validFrom: validFrom, currency: currency, rates: rates))
    }

    private func seller(_ section: Section) -> PriceBook.Seller? {
        if let provider = section["provider"] {
            section["kind"]?.refuse("stands beside provider", "remove one of them")
            return provider.name(bytesMax: 64).map { .provider($0) }
        }
        return section.required("kind", remedy: "write kind:, or provider: and its name").flatMap { field in
            let kind: ProviderKind? = field.choice("kind of provider")
            return kind.map { .kind($0.rawValue) }
        }
    }

    private func rates(_ section: Section) -> TokenRates? {
        let input = section.required("input", remedy: "write what a million tokens of the prompt cost")
            .flatMap { $0.price() }
        let output = section.required("output", remedy: "write what a million tokens of the answer cost")
            .flatMap { $0.price() }
        let (cached, written) = (section["cached_input"]?.price(), section["cache_write"]?.price())
        let reasoning = section["reasoning"]?.price()
        guard let input, let output else { return nil }
        return TokenRates(
            input: input, output: output, cachedInput: cached, cacheWrite: written, reasoning: reasoning)
    }
}

extension Field {
    fileprivate func day() -> WallTime? {
        guard let text = text(expected: "a day such as 2026-01-31") else { return nil }
        if let day = DateText.parse(text) { return day }
        refuse("\(Spelling.quoted(text)) is no day from 1970 to 2200", "write it like 2026-01-31")
        return nil
    }
}
