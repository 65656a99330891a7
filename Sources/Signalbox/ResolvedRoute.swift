import SignalboxConfig
import SignalboxCore
import SignalboxRouting
import Synchronization

/// One name that clients ask for, and every way to answer it.
final class ResolvedRoute: Sendable {
    let name: String
    let strategy: Strategy
    let weights: AdaptiveWeights
    let limits: AttemptPlan.Limits
    let requestTimeout: Duration
    let onInterrupt: Configuration.Route.Interruption
    /// Whether anything is done against interruptions: most routes do nothing, and pay nothing.
    let mendsStreams: Bool
    let hold: Configuration.Hold
    let hedgeAfter: Duration?
    let keepsSessions: Bool
    let metrics: RouteMetrics
    let fallbacks: FallbackScopes
    private let providerNames: Set<String>
    /// By the priorities' ranks; those without targets of their own share one.
    private let lanes: [Lane]
    private let turns = Atomic<Int>(0)

    init(
        _ route: Configuration.Route, providers: [String: ResolvedCandidates], metrics: RouteMetrics,
        fallbacks: FallbackScopes, wallTime: WallTime
    ) {
        name = route.model
        self.metrics = metrics
        self.fallbacks = fallbacks
        let targets = [route.targets] + route.targetsByPriority.values
        providerNames = Set(targets.joined().map(\.provider))
        fallbacks.hold(providerNames)
        guard let strategy = Strategy(rawValue: route.strategy.rawValue) else {
            preconditionFailure("the configuration's strategies are routing's")
        }
        self.strategy = strategy
        weights = AdaptiveWeights(route.adaptive)
        requestTimeout = route.requestTimeout
        limits = AttemptPlan.Limits(
            attemptsMax: route.attemptsMax, waitForPreferred: route.waitForPreferred)
        onInterrupt = route.onInterrupt
        mendsStreams = route.onInterrupt != .error
        hold = route.hold
        hedgeAfter = route.hedgeAfter
        keepsSessions = route.keepsSessions
        let usual = Lane(route.targets, providers: providers, wallTime: wallTime)
        lanes = RequestPriority.allCases.map { priority in
            route.targetsByPriority[priority].map {
                Lane($0, providers: providers, wallTime: wallTime)
            } ?? usual
        }
    }

    deinit {
        fallbacks.release(providerNames)
    }

    func lane(for priority: RequestPriority) -> Lane {
        lanes[priority.rank]
    }

    /// The next request's turn, which stays its.
    var turn: Int { turns.load(ordering: .relaxed) }

    /// Counts requests, for strategies that take turns.
    func nextTurn() -> Int {
        turns.wrappingAdd(1, ordering: .relaxed).oldValue
    }
}

extension AdaptiveWeights {
    init(_ adaptive: Configuration.Adaptive) {
        self.init(
            high: ScoreWeights(adaptive.high), normal: ScoreWeights(adaptive.normal),
            low: ScoreWeights(adaptive.low))
    }
}

extension ScoreWeights {
    init(_ weights: Configuration.Adaptive.Weights) {
        self.init(capacity: weights.capacity, latency: weights.latency, weight: weights.weight)
    }
}
