import ArgumentParser
import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxStore

/// Which records are meant.
struct FilterOptions: ParsableArguments {
    @Option(help: "Of this tenant only.")
    var tenant: String?

    @Option(help: "That came with this key of a tenant's, such as tenant-123-0.")
    var tenantKey: String?

    @Option(help: "From then on: a day in UTC, or a time as in RFC 3339.")
    var from: String?

    @Option(help: "Before then; that moment itself is left out.")
    var to: String?

    @Option(help: "Of the last 24h, 7d and so on, in place of --from.")
    var since: String?

    @Option(help: "By this provider.")
    var provider: String?

    @Option(help: "With this model of the provider's.")
    var model: String?

    @Option(help: "With this key of the provider's, such as groq-0.")
    var key: String?

    @Option(help: "That ended so: success, failure, interrupted or cancelled.")
    var outcome: String?

    func validate() throws {
        if from != nil, since != nil { throw ValidationError("--since stands for --from: give one of them.") }
        _ = try filter()
    }

    func filter(at now: WallTime = SystemTime().wallTime()) throws -> LedgerFilter {
        var parameters = [
            ("tenant", tenant), ("tenant_key", tenantKey), ("to", to), ("provider", provider),
            ("model", model), ("key", key), ("outcome", outcome),
        ]
        parameters.append(("from", try beginning(at: now)))
        return try QuestionMistake.told { () throws(LedgerQuestion.Mistake) in
            try LedgerQuestion(
                parameters.compactMap { name, value in value.map { (name, $0) } },
                names: LedgerQuestion.filters
            ).filter()
        }
    }

    private func beginning(at now: WallTime) throws -> String? {
        guard let since else { return from }
        guard let duration = DurationText.parse(since), duration > .zero,
            duration < .seconds(200 * 365 * 86_400)
        else { throw ValidationError("--since takes a duration such as 24h or 7d, not '\(since)'.") }
        return InternetDate.print(
            WallTime(nanosecondsSince1970: max(0, now.nanosecondsSince1970 - duration.nanoseconds)))
    }
}

/// Mistakes of a question as those of a command line.
enum QuestionMistake {
    static func told<Value>(_ body: () throws(LedgerQuestion.Mistake) -> Value) throws -> Value {
        do throws(LedgerQuestion.Mistake) {
            return try body()
        } catch {
            let option = error.parameter.split(separator: "_").joined(separator: "-")
            throw ValidationError("--\(option): \(error.description).")
        }
    }
}
