import SignalboxCore

extension KeyWatchState {
    /// What goes with keys that are watched no more, for the caller to end.
    struct Leaving {
        var tasks: [Task<Void, Never>] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
        var metrics: [KeyMetrics] = []
    }

    /// Known from an earlier run.
    typealias Remembered = [(status: KeyStatus, models: [String], metrics: KeyMetrics)]

    /// Lets go of all that are not among `wanted`, or are there as another key; nil once nothing is watched
    /// any more.
    mutating func remove(allBut wanted: [WatchedKey]) -> Leaving? {
        guard isRunning else { return nil }
        var leaving = Leaving()
        let kept = Dictionary(uniqueKeysWithValues: wanted.map { ($0.name, $0) })
        for (name, watched) in keys {
            if let key = kept[name], key.isSame(as: watched.key) { continue }
            keys[name] = nil
            if let number = schedule.number(of: name), let task = tasks[number] { leaving.tasks.append(task) }
            schedule.remove(name)
            watched.key.traffic.listen(nil)
            leaving.waiters += watched.waiters.values
            leaving.metrics.append(watched.metrics)
        }
        return leaving
    }

    /// Those that are not watched yet.
    func fresh(among wanted: [WatchedKey]) -> [WatchedKey] {
        wanted.filter { keys[$0.name] == nil }
    }

    /// Watches all of `wanted`, in which no name comes twice.
    /// - Parameter metrics: for each of those that are ``fresh(among:)``.
    mutating func apply(
        _ wanted: [WatchedKey], _ metrics: [KeyName: KeyMetrics], at now: Instant, _ wall: WallTime
    ) -> Remembered {
        for key in wanted where metrics[key.name] == nil { replace(key, at: now) }
        var additions: [KeySchedule.Addition] = []
        for key in wanted {
            guard let metrics = metrics[key.name] else { continue }
            let known = memory?.take(key)
            keys[key.name] = Watched(key: key, metrics: metrics, known)
            additions.append(KeySchedule.Addition(key.name, key.terms, KeySchedule.Past(known, at: wall)))
        }
        schedule.add(additions, at: now)
        isDirty = true
        return additions.compactMap { addition in
            guard let watched = keys[addition.key] else { return nil }
            watched.key.traffic.awaitProof(watched.isBad)
            guard watched.judgement.latest != nil, let status = status(of: addition.key, at: now, wall) else {
                return nil
            }
            return (status, watched.key.models, watched.metrics)
        }
    }

    private mutating func replace(_ key: WatchedKey, at now: Instant) {
        guard let old = keys[key.name]?.key else { return }
        keys[key.name]?.key = key
        schedule.change(key.name, to: key.terms, at: now)
        if old.traffic !== key.traffic { old.traffic.listen(nil) }
        if let isBad = keys[key.name]?.isBad { key.traffic.awaitProof(isBad) }
    }

    /// What is written down.
    func recollection(at now: Instant, _ wall: WallTime) -> [KeyRecollection] {
        keys.sorted { $0.key < $1.key }.map { name, watched in
            KeyRecollection(
                name: name, kind: watched.key.kind, secret: watched.key.secret,
                judgement: watched.judgement, lastCheck: watched.lastCheck,
                lastGoodCheck: watched.lastGoodCheck,
                // A check that is under way ends with the process, and is then due.
                due: wall.moved(from: now, to: schedule.due(name) ?? now))
        }
    }
}

extension KeyWatchState.Watched {
    fileprivate init(key: WatchedKey, metrics: KeyMetrics, _ known: KeyRecollection?) {
        self.init(key: key, metrics: metrics)
        guard let known else { return }
        judgement = known.judgement
        lastCheck = known.lastCheck
        lastGoodCheck = known.lastGoodCheck
    }
}

extension KeySchedule.Past {
    fileprivate init(_ known: KeyRecollection?, at wall: WallTime) {
        guard let known else {
            self = .unknown
            return
        }
        let due = wall.duration(to: known.due)
        guard let standing = known.judgement.standing else {
            self = .tried(due: due)
            return
        }
        self = .judged(
            isBad: standing.state.weight == .bad, tellsAmounts: standing.details.tellsAmounts, due: due)
    }
}

extension WatchedKey {
    fileprivate func isSame(as other: WatchedKey) -> Bool {
        kind == other.kind && secret == other.secret
    }
}
