import Signalbox
import SignalboxCore
import SignalboxHTTP

/// What is known of the providers' keys, for whoever administers them. Never a key.
struct KeyEndpoints: Sendable {
    let checks: KeyChecks

    static let check = AdminPath("/admin/keys/{name}/check")

    var endpoints: [AdminEndpoint] {
        [
            AdminEndpoint(.get, "/admin/keys", for: .administration) { exchange, id in
                let keys = checks.statuses.map(\.json)
                exchange.respond(.json(200, .object(["keys": .array(keys)])), id)
            },
            AdminEndpoint(.post, Self.check.description, for: .administration) { exchange, id in
                let alias = Self.check.step(of: exchange.path) ?? ""
                exchange.respond(Self.reply(to: await checks.check(alias)), id)
            },
        ]
    }

    /// A body is not looked at, and a name that is none is not repeated: it may be the key itself.
    static func reply(to outcome: KeyChecks.CheckOutcome) -> Reply {
        switch outcome {
        case .checked(let status): return .json(200, status.json)
        case .notChecked(let provider):
            return ErrorObject(
                status: 409, type: "invalid_request_error", code: "key_not_checked",
                message: "The keys of `\(provider)` are not checked: `key_checks` is off there, or its kind "
                    + "has no way to."
            ).reply
        case .unknown(let providers):
            let known = providers.map { "`\($0)`" }.joined(separator: ", ")
            return ErrorObject(
                status: 404, type: "invalid_request_error", code: "key_not_found",
                message: "No key is called that. Keys are called after their providers, as in `NAME-0`; with "
                    + "keys there are: \(known.isEmpty ? "none" : known)."
            ).reply
        }
    }
}
