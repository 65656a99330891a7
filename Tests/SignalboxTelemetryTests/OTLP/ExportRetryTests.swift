import SignalboxCore
import SignalboxTesting
import SignalboxTelemetry
import Testing

@Suite struct ExportRetryTests {
    private let clock = ManualClock()
    private var random = FastRandom(seed: 1)
    private var retry: ExportRetry
    private let limits = ExportRetry.Limits(
        pauseMin: .seconds(1), pauseMax: .seconds(8), total: .seconds(60))

    init() {
        retry = ExportRetry(limits, at: clock.now())
    }

    private mutating func judge(_ failure: ExportFailure, floor: Duration? = nil) -> ExportRetry.Verdict {
        retry.judge(failure, floor: floor, at: clock.now(), random: &random)
    }

    @Test(arguments: 100...599)
    mutating func `of all statuses only four may be sent again`(status: Int) {
        let isAgain = judge(.status(status)) != .drop
        #expect(isAgain == [429, 502, 503, 504].contains(status))
    }

    @Test(arguments: [ExportFailure.unreachable, .connectionLost, .timeout])
    mutating func `a lost connection may be tried again`(failure: ExportFailure) {
        #expect(judge(failure) != .drop)
    }

    @Test(arguments: [
        ExportFailure.answerTooLarge, .answerMalformed, .requestTooLarge, .rejected, .shutdown, .local,
    ])
    mutating func `whatever else fails is final`(failure: ExportFailure) {
        #expect(judge(failure) == .drop)
        #expect(retry.retries == 0)
    }

    @Test mutating func `pauses double up to the longest, and half of each is chance`() throws {
        var seen: Set<Duration> = []
        for longest in [1, 2, 4, 8, 8] {
            guard case .again(let instant) = judge(.status(503)) else {
                Issue.record("given up")
                return
            }
            let pause = clock.now().duration(to: instant)
            #expect(pause >= .milliseconds(longest * 500) && pause <= .seconds(longest))
            seen.insert(pause)
            clock.advance(by: pause)
        }
        #expect(seen.count == 5)
        #expect(retry.retries == 5)
    }

    @Test mutating func `what the receiver asks for is the least that it gets`() {
        #expect(
            judge(.status(429), floor: .seconds(20)) == .again(at: clock.now().advanced(by: .seconds(20))))
        guard case .again(let instant) = judge(.status(429), floor: .milliseconds(1)) else {
            Issue.record("given up")
            return
        }
        #expect(instant >= clock.now().advanced(by: .seconds(1)))
    }

    @Test mutating func `a pause that ends too late is not begun`() {
        #expect(judge(.status(429), floor: .seconds(60)) == .drop)
        #expect(judge(.status(429), floor: .seconds(59)) != .drop)
        clock.advance(by: .seconds(59))
        #expect(judge(.status(503)) == .drop)
    }

    @Test mutating func `an end that is brought forward counts, one put off does not`() {
        let end = clock.now().advanced(by: .seconds(5))
        retry.end(by: end)
        retry.end(by: end.advanced(by: .seconds(50)))
        #expect(retry.deadline == end)
        #expect(judge(.status(503), floor: .seconds(5)) == .drop)
        #expect(judge(.status(503), floor: .seconds(4)) != .drop)
    }
}

@Suite struct RetryAfterFieldTests {
    private let now = WallTime(nanosecondsSince1970: 1_767_225_600_000_000_000)

    @Test(arguments: [
        ("0", Duration.zero), ("7", .seconds(7)), ("120", .seconds(120)),
        ("Thu, 01 Jan 2026 00:00:30 GMT", .seconds(30)), ("Thursday, 01-Jan-26 00:00:30 GMT", .seconds(30)),
        ("Thu Jan  1 00:00:30 2026", .seconds(30)), ("Wed, 31 Dec 2025 23:59:59 GMT", .zero),
        ("99999999999999999999999", .seconds(100 * 366 * 86_400)),
    ])
    func `both forms are read`(text: String, wait: Duration) {
        #expect(RetryAfterField.parse(text, at: now) == wait)
    }

    @Test(arguments: ["", "-1", "1.5", "soon", "12 s", "Thu, 32 Jan 2026 00:00:30 GMT", "٣"])
    func `anything else says nothing`(text: String) {
        #expect(RetryAfterField.parse(text, at: now) == nil)
    }
}
