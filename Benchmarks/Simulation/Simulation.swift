import SignalboxCore
public import SignalboxRouting

/// Hours of traffic in seconds: providers that are models, a clock moved by hand, and between them the real
/// strategies, plans and standings, called as the router calls them.
///
/// There is no line to wait in: what finds every candidate at a limit of ours is turned away at once, as with
/// `routing.queue.max: 0`.
public struct Simulation {
    private struct Request {
        var load: Load.Request
        var plan: AttemptPlan
        var ticket: Ticket?
        var ending: AttemptEnding?
    }

    private enum Event {
        case comes(Int)
        /// After the plan's pause.
        case tries(Int, Candidate)
        case ends(Int)
    }

    private static let start = Instant(nanoseconds: 1_000_000_000_000)
    private static let deadline = Duration.seconds(60)

    private let strategy: Strategy
    private let load: Load
    private let table: CandidateTable
    private let traits: [TargetTraits]
    private var models: [ProviderModel] = []
    private var standings: [ProviderStanding] = []
    private var events = EventQueue<Event>()
    private var requests: [Request?]
    private var turn = 0
    private var random: FastRandom
    private var tally: Tally

    private init(_ strategy: Strategy, providers: [SimulatedProvider], load: Load, seed: UInt64) {
        self.strategy = strategy
        self.load = load
        random = FastRandom(seed: seed &+ 1)
        table = CandidateTable(
            providers.enumerated().map { number, provider in
                .init(
                    provider: number, name: provider.name, models: [.init(name: "m")],
                    keys: (0..<provider.keys).map { "\(provider.name)-\($0)" })
            })
        traits = providers.enumerated().map { number, provider in
            TargetTraits(
                provider: number, weight: provider.weight,
                price: TokenPrice(input: provider.price, output: provider.price * 4, currency: "USD"),
                concurrencyMax: provider.concurrency)
        }
        requests = Array(repeating: nil, count: load.requests.count)
        tally = Tally(providers: providers.count)
        for provider in providers {
            models.append(ProviderModel(provider, random: &random))
            var standing = ProviderStanding(provider.settings)
            let keys = (0..<provider.keys).map {
                KeyIdentity(alias: "\(provider.name)-\($0)", fingerprint: 0)
            }
            _ = standing.adopt(provider.settings, keys: keys, models: ["m"], at: Simulation.start)
            standings.append(standing)
        }
    }

    /// One strategy's run; the same seed brings every strategy the same requests and providers.
    public static func run(
        _ strategy: Strategy, providers: [SimulatedProvider] = SimulatedProvider.ten,
        duration: Duration, requestsPerSecond: Double, seed: UInt64
    ) -> Tally {
        var random = FastRandom(seed: seed)
        let load = Load(duration: duration, requestsPerSecond: requestsPerSecond, random: &random)
        var simulation = Simulation(strategy, providers: providers, load: load, seed: seed)
        simulation.run()
        return simulation.tally
    }

    private mutating func run() {
        if !load.requests.isEmpty { schedule(.comes(0), at: load.requests[0].comes) }
        while let (now, event) = events.next() {
            switch event {
            case .comes(let number):
                if number + 1 < load.requests.count {
                    schedule(.comes(number + 1), at: load.requests[number + 1].comes)
                }
                begin(number, at: now)
            case .tries(let number, let candidate):
                retry(number, candidate, at: now)
            case .ends(let number):
                end(number, at: now)
            }
        }
    }

    private mutating func schedule(_ event: Event, at elapsed: Duration) {
        events.add(event, at: Simulation.start.advanced(by: elapsed))
    }

    // MARK: One request

    private mutating func begin(_ number: Int, at now: Instant) {
        tally.requests += 1
        let load = load.requests[number]
        let size = RequestSize(promptTokens: load.estimate, answerTokens: 256)
        let tokens = size.promptTokens + size.answerTokens
        let order = strategy.order(
            traits, views: standings.indices.map { standings[$0].view(tokens: tokens, at: now) }, size: size,
            turn: turn, random: &random)
        turn += 1
        let plan = AttemptPlan(
            table, deadline: Deadline(at: now.advanced(by: Simulation.deadline)), order: order.map(\.target))
        requests[number] = Request(load: load, plan: plan)
        step(number, after: nil, at: now)
    }

    private mutating func step(_ number: Int, after failure: UpstreamFailure?, at now: Instant) {
        guard var request = requests[number] else { preconditionFailure("the request has ended") }
        let tokens = request.load.estimate + 256
        var random = random
        let step = request.plan.next(after: failure, at: now, random: &random) { candidate in
            admit(candidate, tokens: tokens, &request.ticket, at: now)
        }
        self.random = random
        requests[number] = request
        follow(step, number, at: now)
    }

    private mutating func admit(
        _ candidate: Candidate, tokens: Int, _ ticket: inout Ticket?, at now: Instant
    ) -> AttemptPlan.Availability {
        switch standings[candidate.target].admit(key: candidate.key, model: 0, tokens: tokens, at: now) {
        case .open(let admitted):
            ticket = admitted
            return .open
        case .busy: return .busy
        case .limited(let wait): return .limited(for: wait)
        case .resting(let wait): return .resting(for: wait)
        case .out(.breaker): return .broken
        case .out(.tooLarge): return .tooLarge
        case .out(.keyRejected), .out(.noCredit), .out(.accessMissing), .out(.modelNotFound): return .out
        }
    }

    private mutating func follow(_ step: AttemptPlan.Step, _ number: Int, at now: Instant) {
        switch step {
        case .attempt(let candidate, _, let pause):
            if pause > .zero {
                events.add(.tries(number, candidate), at: now.advanced(by: pause))
            } else if requests[number]?.ticket == nil {
                // A repetition at once, which was not admitted yet.
                retry(number, candidate, at: now)
            } else {
                attempt(number, candidate, at: now)
            }
        case .wait:
            tally.shed += 1
            fail(number)
        case .returnToCaller, .stop, .giveUp:
            fail(number)
        }
    }

    private mutating func retry(_ number: Int, _ candidate: Candidate, at now: Instant) {
        guard var request = requests[number] else { preconditionFailure("the request has ended") }
        let tokens = request.load.estimate + 256
        if admit(candidate, tokens: tokens, &request.ticket, at: now) == .open {
            requests[number] = request
            return attempt(number, candidate, at: now)
        }
        let step = request.plan.refused(at: now) { admit($0, tokens: tokens, &request.ticket, at: now) }
        requests[number] = request
        follow(step, number, at: now)
    }

    private mutating func attempt(_ number: Int, _ candidate: Candidate, at now: Instant) {
        guard let load = requests[number]?.load else { preconditionFailure("the request has ended") }
        tally.attempts += 1
        let reply = models[candidate.target].reply(
            key: candidate.key, tokens: load.promptTokens + load.answerTokens,
            elapsed: Simulation.start.duration(to: now))
        requests[number]?.ending = reply.ending
        events.add(.ends(number), at: now.advanced(by: reply.duration))
    }

    private mutating func end(_ number: Int, at now: Instant) {
        guard let request = requests[number], let ticket = request.ticket, let ending = request.ending,
            let candidate = request.plan.current
        else { preconditionFailure("an attempt was under way") }
        requests[number]?.ticket = nil
        _ = standings[candidate.target].settle(ticket, ending, at: now)
        guard let failure = ending.failure else {
            tally.answered += 1
            tally.answers[candidate.target] += 1
            tally.latencies.append(
                Simulation.start.advanced(by: request.load.comes).duration(to: now).nanoseconds)
            requests[number] = nil
            return
        }
        tally.wasted += 1
        if failure == .rateLimited {
            tally.rateLimits += 1
            tally.limited[candidate.target] += 1
        }
        step(
            number, after: UpstreamFailure(failure, message: "", retryAfter: ending.retryAfter), at: now)
    }

    private mutating func fail(_ number: Int) {
        tally.exhausted += 1
        requests[number] = nil
    }
}
