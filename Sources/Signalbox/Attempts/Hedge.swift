import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// A second attempt beside one that is slow: whichever answers first is taken, the other given up.
///
/// Confined to its loop's thread. The first attempt runs in the caller's task, the second one in a task that
/// this owns: it has ended, or was cancelled and has ended, when ``run(after:)`` returns.
///
///     waiting ──askSecond──▶ both asked ──▶ one has answered, the other is cancelled
///        │                       └────────▶ one has failed, the other goes on
///        └──the first one ends──▶ over
///
final class Hedge: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    typealias Ending = Result<RoutedCall.Answer, UpstreamFailure>

    private let call: RoutedCall
    private let first: Attempt
    /// The walk that both belong to.
    private(set) var walk: Walk
    private var second: Attempt?
    /// How the second one ended.
    private var ending: Ending?
    private var task: Task<Void, Never>?
    /// No second one is begun any more, and what it brings is not taken.
    private var isOver = false
    private var hasSecondWon = false

    init(beside first: Attempt, of call: RoutedCall, on walk: Walk) {
        self.first = first
        self.call = call
        self.walk = walk
    }

    private var loop: EventLoop { call.worker.loop }

    /// The attempt whose ending ``run(after:)`` has answered with.
    var last: Attempt {
        if let second, hasSecondWon || walk.isFirstOut { return second }
        return first
    }

    /// Runs the first attempt, and the second one where the first has not answered after `delay`.
    func run(after delay: Duration) async -> Ending {
        task = loop.spawn { await self.askSecond(after: delay) }
        let result = await first.run()
        if case .failure(let failure) = result, goesOn(after: failure) {
            walk.firstFailed(failure)
        } else {
            cancel()
        }
        await finish()
        call.endRace()
        tell(result)
        return judge(result)
    }

    /// Gives the second one up, or the wait for it.
    func cancel() {
        isOver = true
        guard ending == nil else { return }
        second?.cancel()
        task?.cancel()
    }

    /// Whether the second one is waited for when the first has failed.
    private func goesOn(after failure: UpstreamFailure) -> Bool {
        !isOver && failure.kind != .cancelled && second != nil && ending == nil
    }

    private func finish() async {
        guard let task else { return }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            loop.execute { self.cancel() }
        }
    }

    private func askSecond(after delay: Duration) async {
        do throws(CancellationError) {
            try await loop.sleep(until: first.start.advanced(by: delay))
        } catch {
            return
        }
        let now = loop.now()
        guard !isOver, let turn = walk.hedge(at: now) else { return }
        let attempt: Attempt
        do throws(UpstreamFailure) {
            attempt = try call.begin(turn, at: now)
        } catch {
            ending = .failure(error)
            return walk.hedgeFailed(error)
        }
        second = attempt
        call.beginRace(at: now)
        let result = await attempt.run()
        ending = result
        switch result {
        case .success:
            guard !isOver else { return }
            isOver = true
            hasSecondWon = true
            first.cancel()
        case .failure(let failure):
            if !isOver, !walk.isFirstOut { walk.hedgeFailed(failure) }
        }
    }

    private func judge(_ result: Ending) -> Ending {
        if hasSecondWon, let ending {
            discard(result)
            walk.hedgeWon()
            return ending
        }
        guard let ending else { return result }
        if walk.isFirstOut { return ending }
        discard(ending)
        return result
    }

    /// Both have answered in one turn of the loop: a stream that nobody takes is closed.
    private func discard(_ ending: Ending) {
        if case .success(.stream(let stream)) = ending { stream.abandon() }
    }

    private func tell(_ result: Ending) {
        guard let ending else { return }
        let outcome: HedgeOutcome
        switch (result, ending) {
        case _ where hasSecondWon: outcome = .won
        case (_, .failure(let failure)) where failure.kind != .cancelled: outcome = .failed
        case (.success, _): outcome = .lost
        case (.failure, _): outcome = .cancelled
        }
        call.route.metrics.remedies.hedged(outcome)
    }
}
