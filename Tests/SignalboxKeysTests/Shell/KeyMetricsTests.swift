import SignalboxCore
import SignalboxTelemetry
import SignalboxTesting
import Testing

@testable import SignalboxKeys

@Suite(.timeLimit(.minutes(2))) struct KeyMetricsTests {
    private let labels = #"{provider="one",key="one-0""#

    private func valid(_ bench: WatchBench) -> String? { bench.sample("llm_key_valid\(labels)}") }

    private func state(_ bench: WatchBench) -> [String] {
        KeyState.allCases.map(\.rawValue).filter {
            bench.sample("llm_key_state\(labels),state=\"\($0)\"}") == "1"
        }
    }

    @Test func `metrics are there before the first check, and say that nothing is known`() throws {
        let server = try KeyServer()
        let bench = try WatchBench([server.key()])
        #expect(valid(bench) == nil && state(bench) == ["unknown"])
        #expect(bench.sample("signalbox_key_checks_in_flight") == "0")
        #expect(bench.sample("signalbox_key_checks_overdue") == "0")
        #expect(!bench.scrape.contains("llm_key_balance{"))
        for state in KeyState.allCases {
            #expect(
                bench.sample(#"llm_key_checks_total{provider="one",result="\#(state.rawValue)"}"#) == "0")
        }
        try bench.end()
    }

    @Test func `a state that is believed stays whatever a check fails to teach`() throws {
        let server = try KeyServer()
        let bench = try WatchBench([server.key()])
        try bench.check()
        #expect(valid(bench) == "1" && state(bench) == ["valid"])
        for (answer, expected) in [(503, "valid"), (429, "valid"), (402, "valid"), (402, "no_credit")] {
            server.answer(answer)
            try bench.check()
            #expect(state(bench) == [expected])
        }
        #expect(valid(bench) == "0")
        server.answer(429)
        try bench.check()
        #expect(valid(bench) == "0" && state(bench) == ["no_credit"])
        server.answer(200)
        try bench.check()
        #expect(valid(bench) == "1" && state(bench) == ["valid"])
        let results = [("valid", "2"), ("provider_down", "1"), ("rate_limited", "2"), ("no_credit", "2")]
        for (result, count) in results {
            #expect(bench.sample(#"llm_key_checks_total{provider="one",result="\#(result)"}"#) == count)
        }
        #expect(bench.sample(#"signalbox_key_check_seconds_count{provider="one"}"#) == "7")
        try bench.end()
    }

    @Test func `the times are those of the last check, and of what last showed that the key works`() throws {
        let (server, traffic) = (try KeyServer(), KeyTraffic())
        var key = server.key(traffic: traffic)
        // Only the test asks: a check of the schedule's own could be under way, with an older answer.
        key.retry = .seconds(600)
        let bench = try WatchBench([key])
        let start = Double(bench.clock.wallTime().nanosecondsSince1970) / 1e9
        func since(_ metric: String) -> Double? {
            bench.sample("\(metric)\(labels)}").flatMap(Double.init).map { ($0 - start).rounded() }
        }
        #expect(since("llm_key_last_check_timestamp_seconds") == nil)
        try bench.check()
        #expect(since("llm_key_last_check_timestamp_seconds") == 0)
        #expect(since("signalbox_key_verified_timestamp_seconds") == 0)
        server.answer(503)
        bench.clock.advance(by: .seconds(40))
        try bench.check()
        #expect(since("llm_key_last_check_timestamp_seconds") == 40)
        #expect(since("signalbox_key_verified_timestamp_seconds") == 0)
        bench.clock.advance(by: .seconds(40))
        traffic.proved(at: bench.clock.now())
        bench.clock.advance(by: .seconds(5))
        #expect(since("signalbox_key_verified_timestamp_seconds") == 80)
        #expect(since("llm_key_expiry_timestamp_seconds") == nil)
        server.answer(200, #"{"expires": "2026-01-02T00:00:00Z"}"#)
        try bench.check()
        #expect(since("llm_key_expiry_timestamp_seconds") == 86_400)
        try bench.end()
    }

    @Test func `of several balances the least counts, and one for other models does not`() throws {
        let server = try KeyServer()
        let bench = try WatchBench([server.key()])
        func balance(_ unit: String) -> String? {
            bench.sample("llm_key_balance\(labels),currency=\"\(unit)\"}")
        }
        server.answer(
            200,
            #"""
            {"balances": [{"amount": "7.50", "unit": "USD"}, {"amount": "2.25", "unit": "USD"},
            {"amount": "0", "unit": "USD", "purpose": "m9"},
            {"amount": "90", "unit": "tokens", "purpose": "M1"},
            {"amount": "0", "unit": "CNY", "purpose": "m9"}], "remaining": "11.5"}
            """#)
        try bench.check()
        #expect(balance("USD") == "2.25" && balance("tokens") == "90" && balance("CNY") == nil)
        #expect(bench.sample("llm_key_limit_remaining\(labels),currency=\"USD\"}") == "11.5")
        // A check that taught nothing leaves them, one that tells nothing takes them away.
        server.answer(503)
        try bench.check()
        #expect(balance("USD") == "2.25")
        server.answer(200)
        try bench.check()
        #expect(balance("USD") == nil && balance("tokens") == nil)
        try bench.end()
    }

    @Test func `a vendor makes no labels but a few plain words`() throws {
        let server = try KeyServer()
        let bench = try WatchBench([server.key()])
        let units = ["U\\\"SD", "US D", "", "abcdefghijklmnopq", "руб"] + (0..<20).map { "C\($0)" }
        let balances = units.map { #"{"amount": "1", "unit": "\#($0)"}"# }.joined(separator: ",")
        server.answer(200, #"{"balances": [\#(balances)]}"#)
        try bench.check()
        let told = bench.scrape.split(separator: "\n").filter { $0.hasPrefix("llm_key_balance{") }
        #expect(told.count == KeyMetrics.unitsMax)
        #expect(told.allSatisfy { $0.contains(#"currency="C"#) })
        try bench.end()
    }

    @Test func `keys beyond a metric's cap have no gauges, rather than somebody else's`() throws {
        let server = try KeyServer()
        let keys = (0..<6).map { server.key("one-\($0)") }
        let bench = try WatchBench(keys, registry: MetricRegistry(limits: MetricLimits(seriesMax: 4)))
        for key in keys { try bench.check(key.alias) }
        let valid = bench.scrape.split(separator: "\n").filter { $0.hasPrefix("llm_key_valid{") }
        #expect(valid.count == 3 && valid.allSatisfy { $0.hasSuffix(" 1") })
        #expect(!bench.scrape.contains(#"llm_key_state{provider="other""#))
        try bench.update([server.key("one-9")])
        try bench.check("one-9")
        #expect(bench.sample(#"llm_key_valid{provider="one",key="one-9"}"#) == "1")
        try bench.end()
    }

    @Test func `series leave with their key`() throws {
        let server = try KeyServer()
        server.answer(200, #"{"balances": [{"amount": "1", "unit": "USD"}]}"#)
        let bench = try WatchBench([server.key(), server.key("one-1"), server.key("two-0", of: "two")])
        for (alias, provider) in [("one-0", "one"), ("one-1", "one"), ("two-0", "two")] {
            try bench.check(alias, of: provider)
        }
        try bench.update([server.key("one-1")])
        let scrape = bench.scrape
        #expect(!scrape.contains(#"key="one-0""#) && !scrape.contains(#"provider="two""#))
        #expect(scrape.contains(#"llm_key_valid{provider="one",key="one-1"} 1"#))
        #expect(bench.sample(#"llm_key_checks_total{provider="one",result="valid"}"#) == "2")
        try bench.end()
    }
}
