import Signalbox
import SignalboxCore
import SignalboxHTTP
import SignalboxStore

/// The ledger of usage, and the webhooks that deliver it, for whoever administers them.
struct UsageEndpoints: Sendable {
    /// Nil where records of usage are not kept.
    let books: UsageBooks?
    let time: any TimeSource

    /// Records and dead letters of one answer.
    static let pageMax: Int64 = 1_000
    static let pageDefault: Int64 = 100

    typealias Parameters = [(name: String, value: String)]

    var endpoints: [AdminEndpoint] {
        [
            endpoint(.get, "/admin/usage") { store, parameters in try await records(store, parameters) },
            endpoint(.get, "/admin/usage/sum") { store, parameters in try await sums(store, parameters) },
            endpoint(.get, "/admin/usage/endpoints") { store, parameters in
                _ = try LedgerQuestion(parameters, names: [])
                return list("endpoints", store.standings.map { $0.json(at: time.wallTime()).json })
            },
            endpoint(.get, "/admin/usage/dead-letters") { store, parameters in
                try await deadLetters(store, parameters)
            },
            endpoint(.post, "/admin/usage/replay") { _, parameters in try await replay(parameters) },
            endpoint(.post, "/admin/webhooks/enable") { store, parameters in
                try await enable(store, parameters)
            },
        ]
    }

    private func endpoint(
        _ method: AdminEndpoint.Method, _ path: String,
        _ answer: @escaping @Sendable (UsageStore, Parameters) async throws -> Reply
    ) -> AdminEndpoint {
        AdminEndpoint(method, path, for: .administration) { exchange, id in
            guard let store = books?.store else { return exchange.respond(Self.notKept, id) }
            do {
                exchange.respond(try await answer(store, exchange.allQueries), id)
            } catch {
                exchange.respond(Self.reply(to: error), id)
            }
        }
    }

    // MARK: Reading

    func records(_ store: UsageStore, _ parameters: Parameters) async throws -> Reply {
        let question = try LedgerQuestion(parameters, names: LedgerQuestion.filters + ["limit", "after"])
        let limit = Int(try question.integer("limit", 1...Self.pageMax) ?? Self.pageDefault)
        let page = try await store.records(
            question.filter(), after: question.place("after"), limit: limit)
        let next = page.count == limit ? page.last.map { LedgerPlace(after: $0).text } : nil
        return list("records", page.map(\.json), next: next)
    }

    func sums(_ store: UsageStore, _ parameters: Parameters) async throws -> Reply {
        let question = try LedgerQuestion(parameters, names: LedgerQuestion.filters + ["by"])
        let (filter, groups) = (try question.filter(), try question.groups("by"))
        let sums = try await store.sums(filter, by: groups)
        let purged = try await store.purged(filter)
        return .json(
            200,
            .object([
                "sums": .array(sums.map { $0.json(by: groups) }), "purged": purged?.json,
            ]))
    }

    func deadLetters(_ store: UsageStore, _ parameters: Parameters) async throws -> Reply {
        let question = try LedgerQuestion(parameters, names: ["endpoint", "limit", "after"])
        let limit = Int(try question.integer("limit", 1...Self.pageMax) ?? Self.pageDefault)
        let now = time.wallTime()
        let page = try await store.deadLetters(
            endpoint: question.text("endpoint"), after: question.text("after"), limit: limit)
        return list(
            "dead_letters", page.map { $0.json(at: now).json },
            next: page.count == limit ? page.last?.id : nil)
    }

    /// Each item's JSON as it is.
    private func list(_ name: String, _ items: [[UInt8]], next: String? = nil) -> Reply {
        var bytes = Array("{\"\(name)\":[".utf8)
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += item
        }
        bytes.append(UInt8(ascii: "]"))
        if let next {
            bytes += Array(",\"next\":".utf8)
            JSONText.append(next, to: &bytes)
        }
        return Reply(
            status: 200, headers: [("content-type", ErrorObject.contentType)],
            body: bytes + Array("}\n".utf8))
    }

    // MARK: Writing

    func replay(_ parameters: Parameters) async throws -> Reply {
        let wish = try UsageReplay.Wish(parameters)
        guard let result = try await books?.replay?(wish) else { return Self.notKept }
        let now = time.wallTime()
        return .json(
            200,
            .object([
                "deliveries": .array(result.deliveries.map { $0.json(at: now) }),
                "records": .integer(result.records), "next": result.rest?.json,
            ]))
    }

    func enable(_ store: UsageStore, _ parameters: Parameters) async throws -> Reply {
        let question = try LedgerQuestion(parameters, names: ["tenant"])
        guard let tenant = question.text("tenant") else {
            throw LedgerQuestion.Mistake("tenant", "say whose webhook is meant")
        }
        guard let endpoint = store.standings.first(where: { $0.tenant == tenant || $0.name == tenant }) else {
            throw UsageReplay.Failure.noWebhook(tenant)
        }
        try await books?.enable(endpoint: endpoint.name)
        return .json(
            200,
            .object([
                "endpoint": .string(endpoint.name), "was_disabled": .bool(endpoint.disabled != nil),
                "pending": .number(String(endpoint.pending)),
            ]))
    }

    // MARK: Refusals

    private static var notKept: Reply {
        ErrorObject(
            status: 404, type: "invalid_request_error", code: "usage_not_kept",
            message: "No usage records are kept: `usage.durability` is `none`."
        ).reply
    }

    static func reply(to error: any Error) -> Reply {
        switch error {
        case let mistake as LedgerQuestion.Mistake:
            ErrorObject.invalid(
                "`\(mistake.parameter)`: \(mistake.description).", code: "invalid_parameter",
                parameter: mistake.parameter
            ).reply
        case let failure as UsageReplay.Failure:
            switch failure {
            case .noWebhook: notFound("\(failure)")
            case .store(let error): reply(to: error)
            }
        case StoreError.unknown: notFound("\(error)")
        default:
            ErrorObject(
                status: 503, type: "server_error", code: "usage_store_failed",
                message: "It could not be done: \(error)."
            ).reply
        }
    }

    private static func notFound(_ message: String) -> Reply {
        ErrorObject(
            status: 404, type: "invalid_request_error", code: "not_found",
            message: "It could not be done: \(message)."
        ).reply
    }
}

extension UsageReplay.Wish {
    static let names = ["dead_letter", "endpoint", "tenant", "first", "last", "from", "to"]

    /// One of: a `dead_letter`; the `endpoint` all of whose dead letters are meant; a `tenant` with `first`
    /// and `last`, or with `from` and `to`.
    init(_ parameters: UsageEndpoints.Parameters) throws(LedgerQuestion.Mistake) {
        let question = try LedgerQuestion(parameters, names: Self.names)
        let given = Set(parameters.map(\.name))
        if let id = question.text("dead_letter") {
            try Self.check(given, only: ["dead_letter"])
            self = .deadLetter(id)
        } else if let endpoint = question.text("endpoint") {
            try Self.check(given, only: ["endpoint"])
            self = .deadLetters(endpoint: endpoint)
        } else if let tenant = question.text("tenant") {
            if let first = try question.integer("first", 1...Int64.max) {
                try Self.check(given, only: ["tenant", "first", "last"])
                let last = try question.integer("last", first...Int64.max) ?? Int64.max
                self = .sequences(tenant: tenant, first...last)
            } else {
                try Self.check(given, only: ["tenant", "from", "to"])
                let filter = try question.filter()
                guard let from = filter.from, let to = filter.to else {
                    throw LedgerQuestion.Mistake(
                        "tenant", "say which of its records: `first` and `last`, or `from` and `to`")
                }
                self = .time(tenant: tenant, from: from, to: to)
            }
        } else {
            throw LedgerQuestion.Mistake(
                "dead_letter", "say what to send again: `dead_letter`, `endpoint`, or `tenant` with a range")
        }
    }

    private static func check(_ given: Set<String>, only allowed: Set<String>) throws(LedgerQuestion.Mistake)
    {
        if let other = given.subtracting(allowed).min() {
            throw LedgerQuestion.Mistake(other, "it does not go with the others")
        }
    }

    /// The parameters that ask for it.
    var json: JSONTree {
        switch self {
        case .deadLetter(let id): .object(["dead_letter": .string(id)])
        case .deadLetters(let endpoint): .object(["endpoint": .string(endpoint)])
        case .sequences(let tenant, let range):
            .object([
                "tenant": .string(tenant), "first": .string(String(range.lowerBound)),
                "last": .string(String(range.upperBound)),
            ])
        case .time(let tenant, let from, let to):
            .object([
                "tenant": .string(tenant), "from": .string(InternetDate.print(from)),
                "to": .string(InternetDate.print(to)),
            ])
        }
    }
}
