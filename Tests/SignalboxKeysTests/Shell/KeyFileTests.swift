import Foundation
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxKeys

@Suite(.timeLimit(.minutes(2))) struct KeyFileTests {
    /// What one run leaves to the next: a key that was checked until `states` were told.
    private func run(
        _ server: KeyServer, _ answers: [Int], in directory: WatchBench.Directory, clock: ManualClock
    ) throws {
        let bench = try WatchBench([server.key()], in: directory, clock: clock)
        for answer in answers {
            server.answer(answer, #"{"organisation": "acme"}"#, ["x-request-id: r-1"])
            try bench.check()
        }
        try bench.end()
    }

    @Test func `after a restart what was believed is told at once, and asked when it was due`() throws {
        let (directory, clock, server) = (try WatchBench.Directory(), ManualClock(), try KeyServer())
        try run(server, [402, 402], in: directory, clock: clock)
        let checked = clock.wallTime()
        clock.advance(by: .seconds(20))
        let bench = try WatchBench([server.key()], in: directory, clock: clock)
        #expect(bench.verdictsLeft == 1)
        let verdict = try bench.verdict()
        #expect(verdict.report.state == .noCredit && verdict.isNews && verdict.report.requestID == "r-1")
        let status = try #require(bench.status())
        #expect(status.state == .noCredit && status.latest?.state == .noCredit)
        #expect(status.lastCheck == checked && status.checks == 0)
        #expect(bench.sample(#"llm_key_valid{provider="one",key="one-0"}"#) == "0")
        #expect(bench.sample(#"llm_key_state{provider="one",key="one-0",state="no_credit"}"#) == "1")
        let due = try #require(status.nextCheck)
        let wait = clock.wallTime().duration(to: due)
        #expect(wait <= .minutes(15) && wait > .zero)
        bench.advance(by: wait - .seconds(1))
        try bench.settle()
        #expect(server.asked == 2)
        bench.advance(by: .seconds(1))
        try bench.checked()
        #expect(server.asked == 3)
        try bench.end()
    }

    @Test func `a doubt outlives the process, too`() throws {
        let (directory, clock, server) = (try WatchBench.Directory(), ManualClock(), try KeyServer())
        try run(server, [200, 402], in: directory, clock: clock)
        let bench = try WatchBench([server.key()], in: directory, clock: clock)
        #expect(try bench.verdict().report.state == .valid)
        #expect(bench.status()?.doubt == .noCredit)
        #expect(bench.status()?.standing?.details.organisation == "acme")
        bench.advance(by: .seconds(30))
        #expect(try bench.verdict().report.state == .noCredit)
        try bench.end()
    }

    @Test func `a key with another secret, or of another kind, is none that is known`() throws {
        let (directory, clock, server) = (try WatchBench.Directory(), ManualClock(), try KeyServer())
        try run(server, [200], in: directory, clock: clock)
        let changed = try WatchBench([server.key(secret: "sk-other")], in: directory, clock: clock)
        #expect(changed.verdictsLeft == 0 && changed.status()?.state == .unknown)
        try changed.end()
        try run(server, [200], in: directory, clock: clock)
        var key = server.key()
        key.kind = "groq"
        let moved = try WatchBench([key], in: directory, clock: clock)
        #expect(moved.verdictsLeft == 0 && moved.status()?.state == .unknown)
        try moved.end()
    }

    @Test(arguments: [
        "", "not JSON", #"{"version":1,"salt":"00","keys":[]}"#, #"{"version":2}"#, "[]",
        #"{"version":1,"salt":"zz\#(String(repeating: "00", count: 31))","keys":[]}"#,
    ])
    func `a damaged file is a warning, and gives way to a new one`(text: String) throws {
        let (directory, server) = (try WatchBench.Directory(), try KeyServer())
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/data", withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file))
        let bench = try WatchBench([server.key()], in: directory)
        #expect(try bench.log.line("key_file_damaged").contains(#""level":"warning""#))
        try bench.check()
        try bench.end()
        #expect(try bench.file.contains(#""state":"valid""#))
        let next = try WatchBench([server.key()], in: directory, clock: bench.clock)
        #expect(try next.verdict().report.state == .valid)
        try next.end()
    }

    @Test func `an entry that cannot be read costs what is known of its key alone`() throws {
        let (directory, clock, server) = (try WatchBench.Directory(), ManualClock(), try KeyServer())
        let keys = [server.key("one-0"), server.key("one-1")]
        let first = try WatchBench(keys, in: directory, clock: clock)
        for key in keys { try first.check(key.alias) }
        try first.end()
        let damaged = try first.file.replacingOccurrences(
            of: #""kind":"openai","key":"one-0""#, with: #""kind":5,"key":"one-0""#)
        try Data(damaged.utf8).write(to: URL(fileURLWithPath: directory.file))
        let bench = try WatchBench(keys, in: directory, clock: clock)
        #expect(bench.status("one-0")?.state == .unknown && bench.status("one-1")?.state == .valid)
        try bench.end()
    }

    @Test func `the file is its owner's alone, and written while the daemon runs`() throws {
        let server = try KeyServer()
        let bench = try WatchBench([server.key()])
        try bench.check()
        bench.advance(by: KeyFile.pause)
        try bench.settle()
        #expect(try bench.file.contains(#""state":"valid""#))
        let attributes = try FileManager.default.attributesOfItem(atPath: bench.directory.file)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(bench.directory.path)/data")
        #expect(names == ["keys.json"])
        try bench.end()
    }

    @Test func `a file that cannot be written is a warning, and checks go on`() throws {
        let (directory, server) = (try WatchBench.Directory(), try KeyServer())
        // Where the directory should be there is a file.
        try Data().write(to: URL(fileURLWithPath: "\(directory.path)/data"))
        let bench = try WatchBench([server.key()], in: directory)
        try bench.check()
        bench.advance(by: KeyFile.pause)
        #expect(try bench.log.line("key_file_failed").contains(#""level":"warning""#))
        #expect(try bench.check()?.checks == 2)
        try bench.end()
    }

    @Test func `the secret stands in no file, no line, no metric and no report`() throws {
        let secret = "sk-planted-0123456789"
        let server = try KeyServer()
        let bench = try WatchBench([server.key(secret: secret)])
        let echo = #"""
            {"organisation": "\#(secret)", "balances": [{"amount": "5", "unit": "\#(secret)"},
            {"amount": "6", "unit": "USD", "purpose": "\#(secret)"}], "error": "no such key: \#(secret)!"}
            """#
        var lines = ""
        for status in [200, 401, 401, 429, 503, 302] {
            server.answer(status, echo, ["x-request-id: \(secret)"])
            try bench.check()
            lines += try bench.checked()
        }
        bench.advance(by: KeyFile.pause)
        try bench.settle()
        var verdicts = ""
        while bench.verdictsLeft > 0 { verdicts += "\(try bench.verdict())" }
        let texts = [
            try bench.file, lines, verdicts, bench.scrape, "\(bench.watch.statuses)",
            String(reflecting: bench.watch.statuses),
        ]
        for text in texts {
            #expect(text.contains("one-0"))
            #expect(!text.contains("planted"), "\(text)")
        }
        try bench.end()
        #expect(try !bench.file.contains("planted"))
    }
}
