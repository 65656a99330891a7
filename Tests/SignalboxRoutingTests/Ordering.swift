import SignalboxCore
import SignalboxRouting

/// Targets of as many providers, alike in everything.
func plain(_ count: Int) -> [TargetTraits] {
    (0..<count).map { TargetTraits(provider: $0) }
}

/// Healthy, open and idle ones.
func views(_ count: Int) -> [ProviderView] {
    Array(repeating: ProviderView(), count: count)
}

func order(
    _ strategy: Strategy, _ traits: [TargetTraits], _ views: [ProviderView]? = nil,
    size: RequestSize = RequestSize(), turn: Int = 0, seed: UInt64 = 1, pinned: Int? = nil,
    sticky: Int? = nil
) -> [Int] {
    var random = FastRandom(seed: seed)
    return strategy.order(
        traits, views: views ?? traits.map { _ in ProviderView() }, size: size, turn: turn, random: &random,
        pinned: pinned, sticky: sticky
    ).map(\.target)
}

func reasons(
    _ strategy: Strategy, _ traits: [TargetTraits], _ views: [ProviderView]? = nil
) -> [OrderReason] {
    var random = FastRandom(seed: 1)
    return strategy.order(traits, views: views ?? traits.map { _ in ProviderView() }, random: &random)
        .map(\.reason)
}

/// Twenty thousand orders from one stream of random numbers.
func orders(_ strategy: Strategy, _ traits: [TargetTraits]) -> [[Int]] {
    var random = FastRandom(seed: 42)
    let views = views(traits.count)
    return (0..<20_000).map { _ in
        strategy.order(traits, views: views, random: &random).map(\.target)
    }
}

extension [[Int]] {
    func share(where claim: ([Int]) -> Bool) -> Double {
        Double(count(where: claim)) / Double(count)
    }
}

extension TargetTraits {
    static func any(using random: inout FastRandom) -> TargetTraits {
        TargetTraits(
            provider: .random(in: 0...5, using: &random),
            weight: Double(Int.random(in: 0...3, using: &random)),
            tier: .random(in: 0...2, using: &random),
            price: Bool.random(using: &random)
                ? TokenPrice(
                    input: .random(in: 0...9, using: &random), output: .random(in: 0...9, using: &random),
                    currency: Bool.random(using: &random) ? "USD" : "RUB")
                : nil,
            concurrencyMax: Bool.random(using: &random) ? .random(in: 1...9, using: &random) : nil)
    }
}

extension ProviderView {
    static func any(using random: inout FastRandom) -> ProviderView {
        ProviderView(
            health: Health.allCases.randomElement(using: &random) ?? .healthy,
            latencyMean: Bool.random(using: &random)
                ? .milliseconds(Int.random(in: 1...9_999, using: &random)) : nil,
            headroom: .random(in: 0...1, using: &random), inFlight: .random(in: 0...9, using: &random),
            isOpen: .random(using: &random), isProbing: .random(using: &random))
    }
}
