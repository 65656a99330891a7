import SignalboxCore
import SignalboxTesting
import Synchronization
import Testing

@testable import SignalboxKeys

@Suite(.timeLimit(.minutes(2))) struct KeyWatchTests {
    /// One key that was found good.
    private func good(
        _ server: KeyServer, traffic: KeyTraffic = KeyTraffic(), in directory: WatchBench.Directory? = nil
    ) throws -> WatchBench {
        let bench = try WatchBench([server.key(traffic: traffic)], in: directory)
        bench.advance(by: .seconds(1))
        try bench.checked()
        _ = try bench.verdict()
        return bench
    }

    @Test func `a new key is checked soon, and told when it is good`() throws {
        let server = try KeyServer()
        server.answer(200, "{}", ["x-request-id: r-7"])
        let bench = try WatchBench([server.key()])
        #expect(bench.status()?.state == .unknown && bench.status()?.nextCheck != nil)
        bench.advance(by: .seconds(1))
        let line = try bench.checked()
        for part in [
            #""level":"info""#, #""provider":"one""#, #""key":"one-0""#, #""state":"valid""#,
            #""code":"SUCCESS""#, #""status":200"#, #""provider_request_id":"r-7""#,
            #""believed":"valid""#, #""elapsed_ms":"#, #""next_check":"2026-01-01T00:"#,
        ] {
            #expect(line.contains(part), "\(part) in \(line)")
        }
        let verdict = try bench.verdict()
        #expect(verdict.provider == "one" && verdict.alias == "one-0")
        #expect(verdict.report.state == .valid && verdict.isNews)
        let status = try #require(bench.status())
        #expect(status.state == .valid && status.checks == 1 && !status.isInFlight)
        #expect(status.lastCheck == bench.clock.wallTime() && status.lastGoodCheck == status.lastCheck)
        try bench.end()
    }

    @Test func `a verdict against a key is believed the second time, half a minute later`() throws {
        let server = try KeyServer()
        let bench = try good(server)
        server.answer(401, "{}")
        bench.advance(by: .minutes(15))
        #expect(try bench.checked().contains(#""level":"warning""#))
        #expect(bench.status()?.doubt == .invalid && bench.status()?.state == .valid)
        #expect(bench.verdictsLeft == 0)
        bench.advance(by: .seconds(30))
        let line = try bench.checked()
        #expect(line.contains(#""level":"warning""#) && line.contains(#""believed":"invalid""#))
        let verdict = try bench.verdict()
        #expect(verdict.report.state == .invalid && verdict.isNews)
        bench.advance(by: .minutes(16))
        #expect(try bench.checked().contains(#""level":"debug""#))
        #expect(try bench.verdict().isNews == false)
        try bench.end()
    }

    @Test func `what taught nothing is neither believed nor told, and asked again soon`() throws {
        let server = try KeyServer()
        let bench = try good(server)
        server.answer(503)
        bench.advance(by: .minutes(15))
        #expect(try bench.checked().contains(#""level":"info""#))
        bench.advance(by: .seconds(30))
        #expect(try bench.checked().contains(#""level":"debug""#))
        let status = try #require(bench.status())
        #expect(status.state == .valid && status.latest?.state == .providerDown && status.doubt == nil)
        #expect(bench.verdictsLeft == 0 && server.asked == 3)
        try bench.end()
    }

    @Test func `a wait that the provider asks for is kept by all its keys`() throws {
        let server = try KeyServer()
        let bench = try WatchBench([])
        server.answer(429, "{}", ["Retry-After: 300"])
        try bench.update([server.key("one-0"), server.key("one-1")])
        bench.advance(by: .seconds(1))
        #expect(try bench.checked().contains(#""retry_after":300"#))
        bench.advance(by: .seconds(290))
        try bench.settle()
        #expect(server.asked == 1)
        server.answer(200)
        bench.advance(by: .seconds(11))
        try bench.checked()
        bench.advance(by: .seconds(60))
        try bench.checked()
        #expect(Set([try bench.verdict(), try bench.verdict()].map(\.alias)) == ["one-0", "one-1"])
        try bench.end()
    }

    // MARK: Traffic

    @Test func `a key that traffic proves is not asked about`() throws {
        let traffic = KeyTraffic()
        let server = try KeyServer()
        let bench = try good(server, traffic: traffic)
        bench.clock.advance(by: .minutes(14))
        traffic.proved(at: bench.clock.now())
        bench.advance(by: .minutes(2))
        try bench.settle()
        let status = try #require(bench.status())
        #expect(server.asked == 1 && status.skipped == 1)
        #expect(status.lastProof.map { $0.duration(to: bench.clock.wallTime()) } == .minutes(2))
        #expect(
            bench.sample(#"signalbox_key_checks_skipped_total{provider="one",reason="traffic"}"#) == "1")
        bench.advance(by: .minutes(13))
        try bench.checked()
        try bench.end()
    }

    @Test func `a refusal by traffic has the key checked at once`() throws {
        let traffic = KeyTraffic()
        let server = try KeyServer()
        let bench = try good(server, traffic: traffic)
        bench.advance(by: .minutes(2))
        server.answer(402)
        traffic.refused()
        traffic.refused()
        try bench.checked(#""state":"no_credit""#)
        #expect(server.asked == 2)
        // Another one is heeded, too, but not before the retry.
        traffic.refused()
        bench.advance(by: .seconds(30))
        try bench.checked(#""believed":"no_credit""#)
        try bench.end()
    }

    @Test func `traffic that succeeds with a bad key has it checked at once`() throws {
        let traffic = KeyTraffic()
        let server = try KeyServer()
        server.answer(402)
        let bench = try WatchBench([server.key(traffic: traffic)])
        bench.advance(by: .seconds(1))
        try bench.checked()
        bench.advance(by: .seconds(30))
        #expect(try bench.verdict().report.state == .noCredit)
        bench.clock.advance(by: .minutes(2))
        server.answer(200)
        traffic.proved(at: bench.clock.now())
        #expect(try bench.verdict().report.state == .valid)
        try bench.end()
    }

    // MARK: Demands

    @Test func `those who want the same key checked share one check`() throws {
        let answering = Handover<Void>()
        let came = Handover<Void>()
        let count = Atomic(0)
        let server = try RawServer { socket in
            while socket.readMessage() != nil {
                count.add(1, ordering: .relaxed)
                came.put(())
                guard (try? answering.take()) != nil else { return }
                socket.write(reply(200, "{}"))
            }
        }
        defer { server.stop() }
        let bench = try WatchBench([.asking(port: server.port)])
        let watch = bench.watch
        let one = bench.caller.begin { await watch.check(provider: "one", alias: "one-0") }
        try came.take()
        let two = bench.caller.begin { await watch.check(provider: "one", alias: "one-0") }
        let three = bench.caller.begin { await watch.check(provider: "one", alias: "one-0") }
        // Who leaves hears what is known so far; the check goes on.
        three.task.cancel()
        #expect(try three.value.take()?.isInFlight == true)
        answering.put(())
        #expect(try one.value.take()?.state == .valid)
        #expect(try two.value.take()?.state == .valid)
        #expect(count.load(ordering: .relaxed) == 1)
        #expect(try bench.check("nobody") == nil)
        try bench.end()
    }

    @Test func `the end ends a check without a verdict, and those who wait for it`() throws {
        let (came, gone) = (Handover<Void>(), Handover<Void>())
        let server = try RawServer.afterRequest { socket in
            came.put(())
            _ = socket.readToEnd()
            gone.put(())
        }
        defer { server.stop() }
        let bench = try WatchBench([.asking(port: server.port)])
        let watch = bench.watch
        let asking = bench.caller.begin { await watch.check(provider: "one", alias: "one-0") }
        try came.take()
        try bench.end()
        try gone.take()
        #expect(try asking.value.take()?.latest == nil)
        #expect(bench.verdictsLeft == 0)
        #expect(try bench.check()?.latest == nil)
    }

    // MARK: Other keys

    @Test func `a key that stays keeps what is known of it, another secret begins anew`() throws {
        let server = try KeyServer()
        let bench = try good(server)
        let due = bench.status()?.nextCheck
        try bench.update([server.key(), server.key("one-1")])
        #expect(bench.status()?.state == .valid && bench.status()?.nextCheck == due)
        #expect(bench.status("one-1")?.state == .unknown)
        try bench.update([server.key(secret: "sk-other")])
        #expect(bench.status()?.state == .unknown && bench.status("one-1") == nil)
        #expect(bench.sample(#"llm_key_valid{provider="one",key="one-0"}"#) == nil)
        bench.advance(by: .seconds(61))
        try bench.checked(#""key":"one-0""#)
        #expect(bench.status()?.state == .valid)
        try bench.end()
    }

    @Test func `a check of a key that has gone is ended, and says nothing`() throws {
        let (came, gone) = (Handover<Void>(), Handover<Void>())
        let server = try RawServer.afterRequest { socket in
            came.put(())
            _ = socket.readToEnd()
            gone.put(())
        }
        defer { server.stop() }
        let bench = try WatchBench([.asking(port: server.port)])
        let watch = bench.watch
        let asking = bench.caller.begin { await watch.check(provider: "one", alias: "one-0") }
        try came.take()
        try bench.update([])
        try gone.take()
        #expect(try asking.value.take() == nil)
        #expect(bench.watch.statuses.isEmpty && bench.verdictsLeft == 0)
        try bench.end()
    }
}
