public import SignalboxCore
import SignalboxProviders
import SignalboxUsage

/// Prices as a file that many tools share has them, turned into ours.
///
/// It is a JSON object whose members are models: `{"gpt-x": {"litellm_provider": "openai", "mode": "chat",
/// "input_cost_per_token": 1.5e-07, …}}`, in US dollars for one token. Nothing is rounded and nothing
/// guessed: what cannot be said exactly is left out, and told.
public struct CommunityPrices: Sendable {
    /// A model that was left out, or taken without a part of its prices.
    public struct Remark: Sendable, Equatable {
        public let model: String
        public let text: String
    }

    /// A prices file.
    public private(set) var yaml: String
    /// How many prices it has.
    public private(set) var count = 0
    /// Left out, in the file's order.
    public private(set) var skipped: [Remark] = []
    /// Taken, but not for all requests.
    public private(set) var partial: [Remark] = []

    /// Largest file that is read, in bytes.
    public static let fileBytesMax = 32 << 20

    /// Billionths of a dollar for a million tokens are its price for one, 15 digits further left.
    private static let digitsToShift = 15

    /// - Parameter day: from which the prices are said to hold.
    /// - Throws: where the file is no JSON. Nil where it is no JSON object.
    public init?(_ bytes: [UInt8], validFrom day: WallTime) throws(JSONSyntaxError) {
        guard let models = try JSONTree(parsing: bytes).members else { return nil }
        yaml = "# US dollars for a million tokens.\nprices:\n"
        var seen: Set<String> = []
        for model in models {
            switch Self.entry(model.name, model.value) {
            case .refused(let reason): skipped.append(Remark(model: model.name, text: reason))
            case .entry(let kind, let name, let rates):
                guard seen.insert("\(kind) \(name)").inserted else {
                    skipped.append(Remark(model: model.name, text: "its kind has that model already"))
                    continue
                }
                append(kind, name, rates, from: day)
                remark(model)
            }
        }
        if count == 0 { yaml = "# US dollars for a million tokens.\nprices: []\n" }
    }

    private enum Reading {
        case refused(String)
        case entry(kind: String, model: String, rates: [(key: String, nano: Int)])
    }

    private mutating func append(
        _ kind: String, _ model: String, _ rates: [(key: String, nano: Int)], from day: WallTime
    ) {
        count += 1
        let amounts = rates.map { "\($0.key): \(DecimalText.print($0.nano))" }.joined(separator: ", ")
        yaml += "  - {kind: \(kind), model: \(YAMLText.scalar(model)), currency: USD, "
        yaml += "valid_from: \(DateText.print(day)), \(amounts)}\n"
    }

    private mutating func remark(_ model: JSONTree.Member) {
        let tiers = (model.value.members ?? []).map(\.name).filter {
            $0.contains("cost") && $0.contains("_above_")
        }
        guard !tiers.isEmpty else { return }
        partial.append(
            Remark(
                model: model.name, text: "without \(tiers.joined(separator: ", ")): there are no tiers here"))
    }

    private static func entry(_ model: String, _ facts: JSONTree) -> Reading {
        guard facts.members != nil else { return .refused("is no object") }
        guard let provider = facts["litellm_provider"]?.string else { return .refused("names no provider") }
        guard let kind = kinds[provider] else { return .refused("no kind here speaks to \(provider)") }
        guard let mode = facts["mode"]?.string, modes.contains(mode) else {
            return .refused(
                "the mode \(facts["mode"]?.string ?? "is missing and") is not priced by tokens here")
        }
        var rates: [(key: String, nano: Int)] = []
        for (key, name) in fields {
            guard let value = facts[name], !value.isNull else { continue }
            guard let nano = nano(value) else {
                return .refused("\(name) is no price that nine decimals for a million tokens can say")
            }
            rates.append((key, nano))
        }
        guard rates.contains(where: { $0.key == "input" }) else {
            return .refused("has no price for a token")
        }
        if !rates.contains(where: { $0.key == "output" }) {
            guard mode == "embedding" else { return .refused("has no price for its answer") }
            rates.insert(("output", 0), at: 1)
        }
        if rates.allSatisfy({ $0.nano == 0 }) {
            return .refused("costs 0: write it down yourself if it is free")
        }
        let prefix = provider + "/"
        let name = model.hasPrefix(prefix) ? String(model.dropFirst(prefix.count)) : model
        guard !name.isEmpty, name.utf8.count <= 200 else { return .refused("has no name that fits") }
        return .entry(kind: kind.rawValue, model: name, rates: rates)
    }

    private static func nano(_ value: JSONTree) -> Int? {
        guard case .number(let text) = value,
            let nano = DecimalText.whole(text, timesTenTo: digitsToShift),
            nano <= TokenRates.nanoPerMillionMax
        else { return nil }
        return nano
    }

    private static let fields = [
        ("input", "input_cost_per_token"), ("output", "output_cost_per_token"),
        ("cached_input", "cache_read_input_token_cost"), ("cache_write", "cache_creation_input_token_cost"),
        ("reasoning", "output_cost_per_reasoning_token"),
    ]

    private static let modes: Set<String> = ["chat", "completion", "responses", "embedding"]

    /// By what that file calls them.
    private static let kinds: [String: ProviderKind] = [
        "openai": .openai, "anthropic": .anthropic, "gemini": .gemini, "groq": .groq, "cerebras": .cerebras,
        "mistral": .mistral, "deepseek": .deepseek, "xai": .xai, "openrouter": .openrouter,
        "together_ai": .together,
    ]
}
