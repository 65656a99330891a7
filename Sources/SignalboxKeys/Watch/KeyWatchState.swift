import SignalboxCore
import SignalboxTelemetry

/// What a ``KeyWatch`` knows, behind its lock.
struct KeyWatchState {
    struct Watched {
        var key: WatchedKey
        let metrics: KeyMetrics
        var judgement = KeyJudgement()
        var lastCheck: WallTime?
        var lastGoodCheck: WallTime?
        var elapsed: Duration?
        var checks = 0
        var skipped = 0
        /// Who waits for the check that is due or under way.
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]

        var isBad: Bool { judgement.standing?.state.weight == .bad }
    }

    /// What a check has changed.
    struct Finding {
        let answer: KeyAnswer
        let outcome: KeyJudgement.Outcome
        let status: KeyStatus
        let models: [String]
        let metrics: KeyMetrics
        /// The check before it taught nothing, either.
        let wasSilent: Bool
        let waiters: [CheckedContinuation<Void, Never>]

        /// What those are told who heed it; nil where nothing is believed that was not.
        var verdict: KeyVerdict? {
            guard let report = status.standing else { return nil }
            switch outcome {
            case .nothing, .doubted: return nil
            case .confirmed: return status.verdict(report, isNews: false)
            case .changed: return status.verdict(report, isNews: true)
            }
        }
    }

    typealias Begun = [(check: KeySchedule.Check, question: KeyQuestion)]

    var schedule: KeySchedule
    var keys: [KeyName: Watched] = [:]
    var isRunning = false
    /// What an earlier run knew, and by what its keys are known again; nil where nothing is kept.
    var memory: KeyMemory?
    var isDirty = false
    var tasks: [Int: Task<Void, Never>] = [:]
    var alarm: (instant: Instant, task: Task<Void, Never>)?
    var writing: Task<Void, Never>?
    var lastWaiter = 0

    init(schedule: KeySchedule) {
        self.schedule = schedule
    }

    // MARK: Checks

    mutating func turn(at now: Instant) -> (KeySchedule.Turn, Begun) {
        guard isRunning else { return (KeySchedule.Turn(), []) }
        let keys = keys
        let turn = schedule.turn(at: now) { keys[$0]?.key.traffic.lastProof }
        for name in turn.skipped {
            self.keys[name]?.skipped += 1
            keys[name]?.metrics.skipped(.traffic, 1)
        }
        for (name, turns) in turn.missed { keys[name]?.metrics.skipped(.limit, turns) }
        return (turn, turn.begun.compactMap { check in keys[check.key].map { (check, $0.key.question) } })
    }

    mutating func finish(
        _ check: KeySchedule.Check, _ answer: KeyAnswer, at now: Instant, _ wall: WallTime
    ) -> Finding? {
        guard isRunning else { return nil }
        guard var watched = keys[check.key], schedule.number(of: check.key) == check.number else {
            _ = schedule.ended(check, .nothing(retryAfter: nil), requests: answer.requests, at: now)
            return nil
        }
        var answer = answer
        answer.report = answer.report.withholding(watched.key.secret)
        let wasSilent = watched.judgement.latest?.state.weight == .nothing
        let outcome = watched.judgement.take(answer.report)
        watched.lastCheck = answer.at
        watched.elapsed = answer.elapsed
        if answer.report.state.weight == .good { watched.lastGoodCheck = answer.at }
        watched.checks += 1
        let waiters = Array(watched.waiters.values)
        watched.waiters = [:]
        watched.key.traffic.awaitProof(watched.isBad)
        keys[check.key] = watched
        isDirty = true
        _ = schedule.ended(
            check, KeyWatchState.ending(outcome, answer.report, isBad: watched.isBad),
            requests: answer.requests, at: now)
        guard let status = status(of: check.key, at: now, wall) else { return nil }
        return Finding(
            answer: answer, outcome: outcome, status: status, models: watched.key.models,
            metrics: watched.metrics,
            wasSilent: wasSilent, waiters: waiters)
    }

    private static func ending(
        _ outcome: KeyJudgement.Outcome, _ report: KeyReport, isBad: Bool
    ) -> KeySchedule.Ending {
        switch outcome {
        case .confirmed, .changed: .taught(isBad: isBad, tellsAmounts: report.details.tellsAmounts)
        case .doubted: .doubted
        case .nothing:
            report.state == .rateLimited
                ? .rateLimited(retryAfter: report.retryAfter) : .nothing(retryAfter: report.retryAfter)
        }
    }

    /// Something that callers' requests have shown is to be heeded before the next turn.
    mutating func hear(_ name: KeyName, at now: Instant) {
        guard let watched = keys[name] else { return }
        if watched.key.traffic.takeRefusal() { schedule.refused(name, at: now) }
        if let proof = watched.key.traffic.lastProof { schedule.proved(name, by: proof, at: now) }
    }

    func status(of name: KeyName, at now: Instant, _ wall: WallTime) -> KeyStatus? {
        guard let watched = keys[name] else { return nil }
        let judgement = watched.judgement
        return KeyStatus(
            provider: name.provider, kind: watched.key.kind, alias: name.alias, standing: judgement.standing,
            latest: judgement.latest, doubt: judgement.doubt, lastCheck: watched.lastCheck,
            lastGoodCheck: watched.lastGoodCheck, elapsed: watched.elapsed,
            nextCheck: schedule.due(name).map { wall.moved(from: now, to: max($0, now)) },
            isInFlight: schedule.isInFlight(name),
            lastProof: watched.key.traffic.lastProof.map { wall.moved(from: now, to: $0) },
            checks: watched.checks, skipped: watched.skipped)
    }

    // MARK: The end

    /// Nothing begins any more. What is left is for the caller to end.
    mutating func stop() -> (tasks: [Task<Void, Never>], waiters: [CheckedContinuation<Void, Never>]) {
        guard isRunning else { return ([], []) }
        isRunning = false
        var left = Array(tasks.values)
        if let task = alarm?.task { left.append(task) }
        if let writing { left.append(writing) }
        (tasks, alarm, writing) = ([:], nil, nil)
        let waiters = keys.values.flatMap(\.waiters.values)
        for name in keys.keys { keys[name]?.waiters = [:] }
        for watched in keys.values { watched.key.traffic.listen(nil) }
        return (left, waiters)
    }
}

extension KeyStatus {
    fileprivate func verdict(_ report: KeyReport, isNews: Bool) -> KeyVerdict {
        KeyVerdict(provider: provider, alias: alias, report: report, isNews: isNews)
    }
}

extension WallTime {
    /// The wall clock's time at `instant`, if it shows this at `now`.
    func moved(from now: Instant, to instant: Instant) -> WallTime {
        WallTime(nanosecondsSince1970: nanosecondsSince1970 + now.duration(to: instant).nanoseconds)
    }

    func duration(to other: WallTime) -> Duration {
        .nanoseconds(other.nanosecondsSince1970 - nanosecondsSince1970)
    }
}
