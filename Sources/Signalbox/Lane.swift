import SignalboxConfig
import SignalboxCore
import SignalboxRouting
import SignalboxUsage

/// A list of targets made ready: what a route's requests of one priority may be answered by.
final class Lane: Sendable {
    let plan: CandidateTable
    /// By target, as strategies see them.
    let traits: [TargetTraits]
    /// By target.
    let providers: [ResolvedProvider]
    /// Whether a request's tokens matter here: to a window, a price, or a model's context.
    let countsTokens: Bool
    /// Whether the targets stand in more than one tier.
    let hasTiers: Bool
    /// What the models here cost, each price once.
    let prices: [PriceHistory]
    /// Whether a model here has never had a price.
    let hasUnpriced: Bool
    /// By target, then model × key.
    private let candidates: [[ResolvedCandidate]]

    /// - Parameter wallTime: by which prices are looked up.
    init(
        _ targets: [Configuration.Target], providers: [String: ResolvedCandidates], wallTime: WallTime
    ) {
        let all = targets.map { target in
            guard let provider = providers[target.provider] else {
                preconditionFailure("a checked configuration's targets name its providers")
            }
            return provider
        }
        let found = all.map(\.provider)
        self.providers = found
        plan = CandidateTable(
            zip(targets, found).map { target, provider in
                CandidateTable.Target(
                    provider: provider.number, name: provider.name,
                    models: target.models.map(provider.candidateModel(named:)),
                    keys: provider.keys.map(\.alias))
            })
        traits = zip(targets, found).map { target, provider in
            TargetTraits(
                provider: provider.number, weight: Double(target.weight), tier: target.priority,
                price: target.models.first.flatMap { provider.price(of: $0, at: wallTime) },
                concurrencyMax: provider.concurrencyMax)
        }
        let histories = zip(targets, found).flatMap { target, provider in
            target.models.map(provider.priceHistory(of:))
        }
        prices = Array(Set(histories.compactMap(\.self)))
        hasUnpriced = histories.contains(nil)
        candidates = zip(targets, all).map { target, provider in target.models.flatMap { provider[$0] } }
        countsTokens =
            found.contains { $0.countsTokens } || traits.contains { $0.price != nil }
            || plan.targets.contains { $0.models.contains { $0.contextWindow != nil } }
        hasTiers = Set(traits.map(\.tier)).count > 1
    }

    /// The first target that has this provider and model.
    func target(of place: AffinityTarget) -> Int? {
        candidates.firstIndex { target in
            target.contains { $0.seat.desk.number == place.provider && $0.seat.model == place.model }
        }
    }

    /// In the order in which they are tried.
    func candidates(of target: Int) -> [ResolvedCandidate] { candidates[target] }

    /// Of these providers' numbers.
    func names(of numbers: [Int]) -> [String] {
        numbers.compactMap { number in providers.first { $0.number == number }?.name }
    }

    subscript(candidate: Candidate) -> ResolvedCandidate {
        let keys = plan.targets[candidate.target].keys.count
        return candidates[candidate.target][candidate.model * keys + candidate.key]
    }
}
