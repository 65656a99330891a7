import Foundation
import SignalboxCore
import SignalboxTelemetry
import SignalboxTesting
import Synchronization

@testable import SignalboxKeys

/// A watch with a file, and a clock that stands still until the test moves it.
final class WatchBench: Sendable {
    let clock: ManualClock
    let log: LogPipe
    let registry: MetricRegistry
    let inquirer: KeyInquirer
    let watch: KeyWatch
    let directory: Directory
    let caller: CallerLoop
    private let verdicts = Handover<KeyVerdict>()

    /// A directory that goes when the last bench on it does.
    final class Directory: Sendable {
        let path: String
        var file: String { "\(path)/data/keys.json" }

        init() throws {
            let place = FileManager.default.temporaryDirectory.appendingPathComponent("keys-\(UUID())")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            path = place.path
        }

        deinit {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                print("\(path) stays: \(error)")
            }
        }
    }

    /// - Parameter directory: another bench's, to go on where it ended.
    init(
        _ keys: [WatchedKey], in directory: Directory? = nil, clock: ManualClock = ManualClock(),
        registry: MetricRegistry = MetricRegistry()
    ) throws {
        self.registry = registry
        self.clock = clock
        self.directory = try directory ?? Directory()
        log = try LogPipe()
        log.writer.level = .debug
        caller = try CallerLoop()
        inquirer = try KeyInquirer(time: clock)
        try inquirer.start()
        let verdicts = verdicts
        watch = KeyWatch(
            inquirer: inquirer, registry: registry, logger: Logger(writer: log.writer, time: clock),
            time: clock, file: self.directory.file, seed: 1
        ) { verdicts.put($0) }
        let watch = watch
        try caller.run { await watch.start(keys) }
    }

    /// Ends watch and inquirer. Every test does.
    func end() throws {
        let (watch, inquirer) = (watch, inquirer)
        try caller.run {
            await watch.shutdown()
            await inquirer.shutdown()
        }
    }

    func update(_ keys: [WatchedKey]) throws {
        let watch = watch
        try caller.run { await watch.update(keys) }
    }

    /// Moves the clock, and lets the watch see it.
    func advance(by duration: Duration) {
        clock.advance(by: duration)
        watch.wake()
    }

    /// Waits until what the watch was woken for has begun.
    func settle() throws {
        let loop = inquirer.loop
        for _ in 0..<3 { try loop.run { await Task.yield() } }
    }

    @discardableResult
    func check(_ alias: String = "one-0", of provider: String = "one") throws -> KeyStatus? {
        let watch = watch
        return try caller.run { await watch.check(provider: provider, alias: alias) }
    }

    /// The next verdict that was told.
    func verdict() throws -> KeyVerdict { try verdicts.take() }
    var verdictsLeft: Int { verdicts.count }

    /// Waits until a check has been written down.
    @discardableResult
    func checked(_ part: String = "") throws -> String {
        try log.line("key_check", containing: part)
    }

    func status(_ alias: String = "one-0") -> KeyStatus? {
        watch.statuses.first { $0.alias == alias }
    }

    var scrape: String {
        var bytes: [UInt8] = []
        registry.renderText(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The value of a series, as it is written; nil where there is none.
    func sample(_ series: String) -> String? {
        for line in scrape.split(separator: "\n") where line.hasPrefix(series + " ") {
            return String(line.dropFirst(series.utf8.count + 1))
        }
        return nil
    }

    var file: String {
        get throws { try String(contentsOfFile: directory.file, encoding: .utf8) }
    }
}

/// A provider that answers each check as the test last said, and counts them.
final class KeyServer: Sendable {
    struct Answer: Sendable {
        var status = 200
        var body = "{}"
        var fields: [String] = []
    }

    let server: RawServer
    private let state: Shared

    private final class Shared: Sendable {
        let answer = Mutex(Answer())
        let asked = Atomic(0)
    }

    init() throws {
        let shared = Shared()
        state = shared
        server = try RawServer.answering { _ in
            shared.asked.add(1, ordering: .relaxed)
            let answer = shared.answer.withLock { $0 }
            return reply(answer.status, answer.body, answer.fields)
        }
    }

    deinit {
        server.stop()
    }

    /// Requests so far.
    var asked: Int { state.asked.load(ordering: .relaxed) }

    func answer(_ status: Int, _ body: String = "{}", _ fields: [String] = []) {
        state.answer.withLock { $0 = Answer(status: status, body: body, fields: fields) }
    }

    func key(
        _ alias: String = "one-0", of provider: String = "one", secret: String = "sk-planted-0123456789",
        traffic: KeyTraffic = KeyTraffic()
    ) -> WatchedKey {
        WatchedKey.asking(port: server.port, alias, of: provider, secret: secret, traffic: traffic)
    }
}

extension WatchedKey {
    static func asking(
        port: Int, _ alias: String = "one-0", of provider: String = "one",
        secret: String = "sk-planted-0123456789", traffic: KeyTraffic = KeyTraffic()
    ) -> WatchedKey {
        let question = KeyQuestion(timeout: .seconds(8)) {
            ReadingProbe("http://127.0.0.1:\(port)/", key: Secret(secret))
        }
        return WatchedKey(
            provider: provider, kind: "openai", alias: alias, secret: Secret(secret), question: question,
            jitter: 0, models: ["m1"], traffic: traffic)
    }
}
