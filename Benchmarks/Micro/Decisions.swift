import SignalboxCore
import SignalboxRouting

/// What it costs to decide where a request goes: ten providers with four keys each are looked at, ordered by
/// the strategy, and the first candidate is admitted. Then a body's tokens, which some of that needs.
func measureDecisions() {
    for strategy in Strategy.allCases {
        var desk = Decisions()
        measure("decision, \(strategy.rawValue), 10 providers × 4 keys", bytes: 1, rounds: 20_000) {
            desk.decide(by: strategy)
        }
    }
    var table = AffinityTable()
    var session = 0
    measure("affinity, look up and remember", bytes: 1) {
        session = (session + 7_919) % 100_000
        let key = SessionKey(tenant: "tenant-123", route: "chat", session: "session-5b0c6b1e7")
        let now = Instant(nanoseconds: Int64(session))
        table.remember(key, AffinityTarget(provider: session, model: 0), at: now)
        return table.target(of: key, at: now)?.provider ?? 0
    }
    measure("estimate tokens of the request", bytes: Samples.request.count) {
        TokenEstimate.promptTokens(inBody: Samples.request)
    }
    let long = Array(#"{"messages":["#.utf8) + Samples.russian + Array("]}".utf8)
    measure("estimate tokens, Russian", bytes: long.count) { TokenEstimate.promptTokens(inBody: long) }
}

private struct Decisions {
    private let traits: [TargetTraits]
    private let table: CandidateTable
    private var standings: [ProviderStanding] = []
    private var random = FastRandom(seed: 1)
    private var turn = 0
    private var now = Instant(nanoseconds: 1_000_000_000_000)

    init() {
        let keys = (0..<4).map { "key-\($0)" }
        traits = (0..<10).map {
            TargetTraits(
                provider: $0, weight: Double($0 + 1),
                price: TokenPrice(input: Double(100 + $0), output: 400, currency: "USD"),
                concurrencyMax: 64)
        }
        table = CandidateTable(
            (0..<10).map { .init(provider: $0, name: "p\($0)", models: [.init(name: "m")], keys: keys) })
        let settings = StandingSettings(
            limits: .init(requestsPerMinute: 1 << 30, tokensPerMinute: 1 << 40, concurrency: 64),
            keyLimits: .init(requestsPerMinute: 1 << 30, tokensPerMinute: 1 << 40))
        for _ in 0..<10 {
            var standing = ProviderStanding(settings)
            let identities = keys.map { KeyIdentity(alias: $0, fingerprint: 0) }
            _ = standing.adopt(settings, keys: identities, models: ["m"], at: now)
            standings.append(standing)
        }
    }

    /// As the router does it, but for the locks; and the attempt is over at once.
    mutating func decide(by strategy: Strategy) -> Int {
        now = now.advanced(by: .microseconds(50))
        turn &+= 1
        var views: [ProviderView] = []
        views.reserveCapacity(standings.count)
        for index in standings.indices { views.append(standings[index].view(tokens: 500, at: now)) }
        let size = RequestSize(promptTokens: 300, answerTokens: 200)
        let order = strategy.order(traits, views: views, size: size, turn: turn, random: &random)
        var plan = AttemptPlan(
            table, deadline: Deadline(at: .init(nanoseconds: .max)), order: order.map(\.target))
        var admitted: (target: Int, ticket: Ticket)?
        _ = plan.next(after: nil, at: now, random: &random) { candidate in
            guard
                case .open(let ticket) = standings[candidate.target].admit(
                    key: candidate.key, model: 0, tokens: 500, at: now)
            else { return .busy }
            admitted = (candidate.target, ticket)
            return .open
        }
        guard let admitted else { return -1 }
        standings[admitted.target].release(admitted.ticket, at: now)
        return admitted.target
    }
}
