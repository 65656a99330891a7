package import SignalboxCore

/// Decides when an endpoint that only fails is not tried any more. Pure; over civil time.
///
///     fine ──failed──▶ failing ──failed: four in a day, the first twelve hours ago──▶ counted
///       ▲                 │                                                              │
///       └───succeeded─────┴──────────────────────────────────────────────────────────────┤
///                                                      disabled ◀──failed: for five days─┘
///
/// As Svix has it: an endpoint that fails a few times on one evening is not on its way out.
package struct EndpointPatience: Sendable, Hashable {
    /// Of nothing but failures, once they count.
    package static let limit = Duration.seconds(5 * 86_400)
    /// Failures within ``window`` until they count.
    package static let failuresMin = 4
    package static let window = Duration.seconds(86_400)
    /// From the first of them to the last.
    package static let spreadMin = Duration.seconds(12 * 3_600)
    /// Failures that are remembered; of more, the first and the latest.
    private static let rememberedMax = 16

    /// Within the window, in their order; none since it last succeeded.
    private var failures: [WallTime] = []
    /// Since when failures count.
    private var countedSince: WallTime?

    package init() {}

    /// Whether its last attempt failed.
    package var isFailing: Bool { !failures.isEmpty }

    package mutating func succeeded() {
        failures = []
        countedSince = nil
    }

    /// - Returns: whether it is to be disabled.
    package mutating func failed(at now: WallTime) -> Bool {
        if let countedSince, countedSince.duration(to: now) >= EndpointPatience.limit { return true }
        failures.removeAll { $0.duration(to: now) >= EndpointPatience.window }
        failures.append(now)
        if failures.count > EndpointPatience.rememberedMax { failures.remove(at: 1) }
        let isLasting = failures[0].duration(to: now) >= EndpointPatience.spreadMin
        if countedSince == nil, failures.count >= EndpointPatience.failuresMin, isLasting {
            countedSince = now
        }
        return false
    }
}

extension WallTime {
    fileprivate func duration(to later: WallTime) -> Duration {
        .nanoseconds(later.nanosecondsSince1970 - nanosecondsSince1970)
    }
}
