import SignalboxCore

extension KeyWatchState {
    /// What is left to do, outside the lock, once other keys are watched.
    struct Change {
        var ended: [Task<Void, Never>] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// Their series leave.
        var closed: [KeyMetrics] = []
        /// Known from an earlier run.
        var remembered: [(status: KeyStatus, models: [String], metrics: KeyMetrics)] = []
    }

    /// Those that are not watched yet, or not as the same key.
    func fresh(among wanted: [WatchedKey]) -> [WatchedKey] {
        wanted.filter { key in keys[key.name].map { !$0.key.isSame(as: key) } ?? true }
    }

    /// Watches exactly `wanted`, in which no name comes twice, from now on.
    /// - Parameter metrics: for each of those that are ``fresh(among:)``.
    mutating func apply(
        _ wanted: [WatchedKey], _ metrics: [KeyName: KeyMetrics], at now: Instant, _ wall: WallTime
    ) -> Change {
        var change = Change()
        guard isRunning else {
            change.closed = Array(metrics.values)
            return change
        }
        let names = Set(wanted.map(\.name))
        for name in keys.keys where !names.contains(name) || metrics[name] != nil {
            remove(name, noting: &change)
        }
        for key in wanted where metrics[key.name] == nil { replace(key, at: now) }
        var additions: [KeySchedule.Addition] = []
        for key in wanted {
            guard let metrics = metrics[key.name] else { continue }
            let known = memory?.take(key)
            keys[key.name] = Watched(key: key, metrics: metrics, known)
            additions.append(KeySchedule.Addition(key.name, key.terms, KeySchedule.Past(known, at: wall)))
        }
        schedule.add(additions, at: now)
        for addition in additions {
            guard let watched = keys[addition.key] else { continue }
            watched.key.traffic.awaitProof(watched.isBad)
            guard watched.judgement.latest != nil, let status = status(of: addition.key, at: now, wall) else {
                continue
            }
            change.remembered.append((status, watched.key.models, watched.metrics))
        }
        isDirty = true
        return change
    }

    private mutating func remove(_ name: KeyName, noting change: inout Change) {
        guard let watched = keys.removeValue(forKey: name) else { return }
        if let number = schedule.number(of: name), let task = tasks[number] { change.ended.append(task) }
        schedule.remove(name)
        watched.key.traffic.listen(nil)
        change.waiters += watched.waiters.values
        change.closed.append(watched.metrics)
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
        self = .judged(isBad: standing.state.weight == .bad, due: due)
    }
}

extension WatchedKey {
    fileprivate func isSame(as other: WatchedKey) -> Bool {
        kind == other.kind && secret == other.secret
    }
}
