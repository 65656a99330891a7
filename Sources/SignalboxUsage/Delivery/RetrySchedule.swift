package import SignalboxCore

/// When a delivery that failed is tried again. A pure value over civil time, which outlives the process.
///
///     waiting ──its time has come──▶ in flight ──2xx──▶ delivered
///        ▲                               │
///        └──next: `.again`───────────────┤
///                                        └──next: `.exhausted`──▶ dead letter
///
/// The pauses are those of Standard Webhooks 1.0.0: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h,
/// a fifth more or less by chance, so that a receiver that comes back is not met by everybody at once. What
/// the receiver asks for (`Retry-After`) is the least that it gets, as far as ``pauseMax`` goes.
package struct RetrySchedule: Sendable, Hashable {
    /// The first pause; the others stay in proportion. Default 5 s.
    package var pauseMin: Duration
    /// The longest pause, whoever asks. Default 24 h.
    package var pauseMax: Duration
    /// From the first attempt on; the last attempt is made no later than that, unless there were hardly any.
    /// Default 76 h.
    package var giveUpAfter: Duration

    /// A receiver that is overloaded gets at least this pause. As Svix has it.
    package static let throttlePause = Duration.seconds(60)

    package init(
        pauseMin: Duration = .seconds(5), pauseMax: Duration = .seconds(24 * 3_600),
        giveUpAfter: Duration = .seconds(76 * 3_600)
    ) {
        self.pauseMin = pauseMin
        self.pauseMax = max(pauseMin, pauseMax)
        self.giveUpAfter = giveUpAfter
    }

    package enum Verdict: Sendable, Hashable {
        case again(at: WallTime)
        case exhausted
    }

    /// Decides after a failure.
    /// - Parameters:
    ///   - attempts: made so far, the one that failed included.
    ///   - start: when the first began.
    ///   - floor: what the receiver asked for.
    ///   - isThrottled: it is overloaded, or did not answer in time.
    package func next(
        after attempts: Int, since start: WallTime, floor: Duration? = nil, isThrottled: Bool = false,
        at now: WallTime, random: inout some RandomNumberGenerator
    ) -> Verdict {
        let end = start.nanosecondsSince1970.clampedSum(giveUpAfter.nanoseconds)
        let isOver = now.nanosecondsSince1970 >= end
        if isOver, attempts >= attemptsMin { return .exhausted }
        var pause = jittered(pause(after: attempts), random: &random)
        if isThrottled { pause = max(pause, RetrySchedule.throttlePause) }
        if let floor { pause = max(pause, floor) }
        pause = min(pause, pauseMax)
        let next = now.nanosecondsSince1970.clampedSum(pause.nanoseconds)
        return .again(at: WallTime(nanosecondsSince1970: isOver ? next : min(next, end)))
    }

    /// Half of the attempts that there is time for: a program that was off, or a clock that was set forward,
    /// gives up nothing that was hardly tried.
    private var attemptsMin: Int {
        var (count, elapsed) = (1, Duration.zero)
        while elapsed < giveUpAfter, count <= RetrySchedule.proportions.count {
            elapsed += pause(after: count)
            count += 1
        }
        return count / 2
    }

    /// In units of the first pause.
    private static let proportions: [Int64] = [1, 60, 360, 1_440, 3_600, 7_200, 10_080, 14_400, 17_280]

    private func pause(after attempts: Int) -> Duration {
        let last = RetrySchedule.proportions.count - 1
        let factor = RetrySchedule.proportions[min(max(attempts, 1) - 1, last)]
        let (scaled, isTooLong) = pauseMin.nanoseconds.multipliedReportingOverflow(by: factor)
        return isTooLong ? pauseMax : min(.nanoseconds(scaled), pauseMax)
    }

    private func jittered(_ pause: Duration, random: inout some RandomNumberGenerator) -> Duration {
        let fifth = pause.nanoseconds / 5
        return .nanoseconds(pause.nanoseconds + Int64.random(in: -fifth...fifth, using: &random))
    }
}

extension Int64 {
    fileprivate func clampedSum(_ other: Int64) -> Int64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? .max : sum
    }
}
