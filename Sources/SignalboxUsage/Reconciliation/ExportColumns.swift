/// Which columns of a provider's own usage file say what.
///
/// Known are the headers of OpenAI's usage and costs exports, of the usage and cost exports of Anthropic's
/// console, and the names that other files commonly have. Letters' case and what stands between words do not
/// matter.
package struct ExportColumns: Sendable, Equatable {
    /// What a column can be said to be.
    package enum Field: String, Sendable, CaseIterable {
        case date, model
        /// Cached tokens included; several columns are added up.
        case inputTokens = "input_tokens"
        case outputTokens = "output_tokens"
        /// In units of the currency.
        case cost
        case currency
        case ignore
    }

    package private(set) var date: Int
    /// Without one, days are compared whole.
    package private(set) var model: Int?
    package private(set) var input: [Int]
    package private(set) var output: [Int]
    package private(set) var cost: [Int]
    package private(set) var currency: Int?
    /// What the name of the cost's column says.
    package private(set) var impliedCurrency: String?
    package let header: [String]

    /// - Parameter mapped: what the caller says of columns; it goes before what is recognised.
    /// - Throws: ``ReconciliationError`` where the day, or anything to compare, is not found; the message
    ///   says what was.
    package init(
        header: [String], mapped: [(column: String, field: Field)] = []
    ) throws(ReconciliationError) {
        self.header = header
        let names = header.map(Self.normal)
        var said: [Field: [Int]] = [:]
        for (column, field) in mapped {
            let place = header.firstIndex(of: column) ?? names.firstIndex(of: Self.normal(column))
            guard let place else {
                throw ReconciliationError("there is no column \(column); \(Self.list(header))")
            }
            said[field, default: []].append(place)
        }
        let taken = Set(said.values.joined())
        func found(_ field: Field, _ recognised: [Int]) -> [Int] {
            said[field] ?? recognised.filter { !taken.contains($0) }
        }
        func first(of known: [String]) -> [Int] {
            known.lazy.compactMap { names.firstIndex(of: $0) }.first.map { [$0] } ?? []
        }
        func first(of sets: [[String]]) -> [Int] {
            for set in sets where names.contains(set[0]) {
                return set.compactMap { names.firstIndex(of: $0) }
            }
            return []
        }
        let dates = found(.date, first(of: Self.dates))
        input = found(.inputTokens, first(of: Self.inputs))
        output = found(.outputTokens, first(of: Self.outputs))
        cost = found(.cost, first(of: Self.costs))
        model = found(.model, first(of: Self.models)).first
        currency = found(.currency, first(of: Self.currencies)).first
        impliedCurrency = cost.first.flatMap { names[$0].hasSuffix("usd") ? "USD" : nil }
        guard let date = dates.first else { throw Self.missing("the day", .date, header) }
        self.date = date
        guard !(input + output + cost).isEmpty else {
            throw Self.missing("anything to compare (tokens, cost)", .inputTokens, header)
        }
    }

    /// What was found, for a person: `date from usage_date_utc, …`.
    package var summary: String {
        let found: [(Field, [Int])] = [
            (.date, [date]), (.model, model.map { [$0] } ?? []), (.inputTokens, input),
            (.outputTokens, output), (.cost, cost), (.currency, currency.map { [$0] } ?? []),
        ]
        let told = found.filter { !$0.1.isEmpty }.map { field, places in
            "\(field.rawValue) from \(places.map { header[$0] }.joined(separator: " + "))"
        }
        return told.joined(separator: ", ")
    }

    // MARK: Names

    private static let dates = [
        "usage_date_utc", "start_time_iso", "date", "day", "usage_date", "usage_day", "bucket_start_time",
        "start_date", "start_time", "timestamp", "time", "created_at", "datetime",
    ]
    private static let models = ["model", "model_version", "model_name", "model_id", "line_item"]
    /// Where the first of a set is there, all of it that is there is meant: a provider that counts cached
    /// tokens apart.
    private static let inputs = [
        [
            "usage_input_tokens_no_cache", "usage_input_tokens_cache_write",
            "usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write_1h",
            "usage_input_tokens_cache_read",
        ],
        ["uncached_input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"],
        ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"],
        ["prompt_tokens"], ["n_context_tokens_total"], ["usage_input_tokens"], ["tokens_prompt"],
        ["total_input_tokens"], ["input"], ["prompt"],
    ]
    private static let outputs = [
        ["usage_output_tokens"], ["output_tokens"], ["completion_tokens"], ["n_generated_tokens_total"],
        ["tokens_completion"], ["total_output_tokens"], ["generated_tokens"], ["output"], ["completion"],
    ]
    private static let costs = [
        "cost_usd", "amount_value", "cost", "total_cost", "cost_in_usd", "total_cost_usd", "amount",
        "amount_usd", "cost_total",
    ]
    private static let currencies = ["amount_currency", "currency", "cost_currency"]

    /// `Input Tokens` is `input_tokens`.
    private static func normal(_ name: String) -> String {
        let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return words.joined(separator: "_")
    }

    private static func missing(
        _ what: String, _ field: Field, _ header: [String]
    ) -> ReconciliationError {
        let fields = Field.allCases.map(\.rawValue).joined(separator: ", ")
        return ReconciliationError(
            "no column was recognised as \(what); \(list(header)). Say which is which: --map "
                + "'\(header.first ?? "COLUMN")=\(field.rawValue)'; the fields are \(fields)")
    }

    private static func list(_ header: [String]) -> String {
        let shown = header.prefix(40).map { "'\($0.prefix(60))'" }.joined(separator: ", ")
        return "the file has \(shown)\(header.count > 40 ? " and \(header.count - 40) more" : "")"
    }
}

/// A provider's file that cannot be compared.
package struct ReconciliationError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
