package import SignalboxCore
import SignalboxHTTP
package import SignalboxTelemetry
import Synchronization

/// Watches configured keys: has each checked when it is due, believes what two checks agree on, keeps that
/// over restarts, and tells those who heed it.
///
///     let watch = KeyWatch(
///         inquirer: inquirer, registry: registry, logger: logger, file: path) { verdict in … }
///     await watch.start(keys)
///     …
///     await watch.update(others)
///     await watch.shutdown()
///
/// What changes a key's state runs on the inquirer's thread, `heed` included; others look through the lock.
package final class KeyWatch: Sendable {
    let inquirer: KeyInquirer
    let events: KeyEvents
    let time: any TimeSource
    private let heed: @Sendable (KeyVerdict) -> Void
    let file: KeyFile?
    let state: Mutex<KeyWatchState>

    /// Watches nothing before ``start(_:)``.
    /// - Parameters:
    ///   - file: where what is known of keys is kept; nil forgets it with the process.
    ///   - seed: of the schedule, for tests.
    ///   - heed: told of each verdict that is believed, on the inquirer's thread. Must not block.
    package init(
        inquirer: KeyInquirer, registry: MetricRegistry, logger: Logger, time: any TimeSource = SystemTime(),
        file: String?, seed: UInt64? = nil, heed: @escaping @Sendable (KeyVerdict) -> Void
    ) {
        self.inquirer = inquirer
        self.time = time
        self.heed = heed
        self.file = file.map { KeyFile(path: $0) }
        events = KeyEvents(registry: registry, logger: logger, time: time)
        var random = FastRandom()
        state = Mutex(KeyWatchState(schedule: KeySchedule(seed: seed ?? random.next())))
        events.observe { [weak self] in
            guard let self else { return nil }
            let now = self.time.now()
            return self.state.withLock { ($0.schedule.inFlight, $0.schedule.overdue(at: now)) }
        }
    }

    // MARK: For users

    /// Begins. Verdicts that an earlier run believed are told before this returns. Once, with an inquirer
    /// that was started.
    package func start(_ keys: [WatchedKey]) async {
        let memory = remember()
        state.withLock {
            $0.memory = memory
            $0.isRunning = true
        }
        await update(keys)
    }

    /// Watches exactly these from now on; of several with the same provider and alias the last. One whose
    /// provider, kind, alias and secret are the same keeps what is known of it; one that was changed begins
    /// anew.
    package func update(_ keys: [WatchedKey]) async {
        await onLoop { self.apply(keys) }
    }

    /// Has one key checked now, and waits for what it says; joins a check that is under way. A rest that the
    /// provider has asked for does not hold it back, its limit does.
    /// - Returns: nil where there is no such key.
    package func check(provider: String, alias: String) async -> KeyStatus? {
        let name = KeyName(provider: provider, alias: alias)
        let ticket = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.isRunning, !Task.isCancelled, state.schedule.demand(name) else {
                        return false
                    }
                    state.keys[name]?.waiters[ticket] = continuation
                    return true
                }
                if mustWait { wake() } else { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.keys[name]?.waiters.removeValue(forKey: ticket) }?.resume()
        }
        let (now, wall) = (time.now(), time.wallTime())
        return state.withLock { $0.status(of: name, at: now, wall) }
    }

    /// Of every watched key, by provider and alias.
    package var statuses: [KeyStatus] {
        let (now, wall) = (time.now(), time.wallTime())
        return state.withLock { state in
            state.keys.keys.sorted().compactMap { state.status(of: $0, at: now, wall) }
        }
    }

    /// Ends the checks that are under way, without judging them, and writes down what is known. The inquirer
    /// goes on: whoever started it shuts it down, after this. Once.
    package func shutdown() async {
        guard state.withLock({ $0.isRunning }) else { return }
        let tasks = await onLoop { self.stop() }
        for task in tasks { await task.value }
        write()
    }

    private func onLoop<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            inquirer.loop.execute { continuation.resume(returning: body()) }
        }
    }

    // MARK: The schedule carried out, on the loop's thread

    private func stop() -> [Task<Void, Never>] {
        let (tasks, waiters) = state.withLock { $0.stop() }
        for waiter in waiters { waiter.resume() }
        for task in tasks { task.cancel() }
        return tasks
    }

    func wake() {
        inquirer.loop.execute { [weak self] in self?.turn() }
    }

    func turn() {
        let now = time.now()
        let (turn, begun) = state.withLock { $0.turn(at: now) }
        for (check, question) in begun { begin(check, question) }
        setAlarm(at: turn.next)
    }

    private func begin(_ check: KeySchedule.Check, _ question: KeyQuestion) {
        // It runs on this thread, and so not before it is noted.
        let task = inquirer.loop.spawn { [weak self, inquirer] in
            let answer = await inquirer.ask(question)
            self?.finish(check, answer)
        }
        state.withLock { $0.tasks[check.number] = task }
    }

    private func finish(_ check: KeySchedule.Check, _ answer: KeyAnswer) {
        let (now, wall) = (time.now(), time.wallTime())
        let finding = state.withLock { state in
            state.tasks[check.number] = nil
            return state.finish(check, answer, at: now, wall)
        }
        if let finding {
            finding.metrics.checked(finding.answer)
            finding.metrics.show(finding.status, models: finding.models)
            events.checked(finding)
            if let verdict = finding.verdict { heed(verdict) }
            for waiter in finding.waiters { waiter.resume() }
            writeSoon()
        }
        turn()
    }

    private func setAlarm(at instant: Instant?) {
        let loop = inquirer.loop
        let old = state.withLock { state -> Task<Void, Never>? in
            guard state.isRunning, state.alarm?.instant != instant else { return nil }
            let old = state.alarm?.task
            state.alarm = instant.map { instant in
                let task = loop.spawn { [weak self] in
                    do throws(CancellationError) {
                        try await loop.sleep(until: instant)
                    } catch {
                        return  // set anew
                    }
                    self?.state.withLock { $0.alarm = nil }
                    self?.turn()
                }
                return (instant, task)
            }
            return old
        }
        old?.cancel()
    }
}

extension KeyWatch {
    /// Where other keys take the place of those that are watched.
    private func apply(_ keys: [WatchedKey]) {
        let latest = Dictionary(keys.map { ($0.name, $0) }) { _, last in last }
        var names: Set<KeyName> = []
        let wanted = keys.map(\.name).filter { names.insert($0).inserted }.compactMap { latest[$0] }
        // What changes the keys runs on this thread: nothing comes in between.
        guard let leaving = state.withLock({ $0.remove(allBut: wanted) }) else { return }
        for task in leaving.tasks { task.cancel() }
        for waiter in leaving.waiters { waiter.resume() }
        for metrics in leaving.metrics { events.close(metrics) }
        let fresh = state.withLock { $0.fresh(among: wanted) }
        let metrics = Dictionary(uniqueKeysWithValues: fresh.map { ($0.name, events.metrics(of: $0)) })
        let (now, wall) = (time.now(), time.wallTime())
        let remembered = state.withLock { $0.apply(wanted, metrics, at: now, wall) }
        for key in wanted { listen(to: key) }
        for (status, models, metrics) in remembered {
            metrics.show(status, models: models)
            guard let report = status.standing else { continue }
            heed(KeyVerdict(provider: status.provider, alias: status.alias, report: report, isNews: true))
        }
        turn()
        writeSoon()
    }

    private func listen(to key: WatchedKey) {
        let name = key.name
        key.traffic.listen { [weak self] in
            // The thread of a request: it goes on at once.
            self?.inquirer.loop.execute { [weak self] in self?.heard(of: name) }
        }
    }

    private func heard(of name: KeyName) {
        let now = time.now()
        state.withLock { $0.hear(name, at: now) }
        turn()
    }

    // MARK: What outlives the process

    private func remember() -> KeyMemory? {
        guard let file else { return nil }
        switch file.read() {
        case .memory(let memory): return memory
        case .missing: return KeyMemory()
        case .damaged(let reason):
            events.damaged(file.path, reason)
            return KeyMemory()
        }
    }

    /// On the loop's thread: requests have others, and checks bear a few milliseconds.
    private func writeSoon() {
        let loop = inquirer.loop
        guard file != nil else { return }
        state.withLock { state in
            guard state.isRunning, state.isDirty, state.writing == nil else { return }
            state.writing = loop.spawn { [weak self] in
                do throws(CancellationError) {
                    try await loop.sleep(for: KeyFile.pause)
                } catch {
                    return  // the end: it is written there
                }
                self?.state.withLock { $0.writing = nil }
                self?.write()
            }
        }
    }

    private func write() {
        guard let file else { return }
        let (now, wall) = (time.now(), time.wallTime())
        let wanted = state.withLock { state -> (salt: [UInt8], keys: [KeyRecollection])? in
            guard state.isDirty, let memory = state.memory else { return nil }
            state.isDirty = false
            return (memory.salt, state.recollection(at: now, wall))
        }
        guard let wanted else { return }
        do throws(SystemError) {
            try file.write(wanted.keys, salt: wanted.salt)
        } catch {
            state.withLock { $0.isDirty = true }
            events.notWritten(file.path, "\(error)")
        }
    }
}
