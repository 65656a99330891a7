import SignalboxConfig
import SignalboxCore
import SignalboxDemo
import Testing

@Suite("A demonstration's day")
struct DemoDayTests {
    let day = DemoDay(length: .seconds(100), seed: 7)

    private func hour(_ second: Int) -> DemoDay.Hour { day.hour(at: .seconds(second)) }

    @Test func `every trouble begins in the course of a day, and ends before its end`() {
        var seen: [DemoTrouble: (begun: Int, ended: Int)] = [:]
        for second in 1..<100 {
            for change in day.changes(from: hour(second - 1), to: hour(second)) {
                let so = seen[change.trouble] ?? (0, 0)
                seen[change.trouble] =
                    change.begins ? (so.begun + 1, so.ended) : (so.begun, so.ended + 1)
            }
        }
        for trouble in DemoTrouble.allCases {
            let count = trouble == .burst ? 2 : 1
            #expect(seen[trouble]?.begun == count, "\(trouble.rawValue)")
            #expect(seen[trouble]?.ended == count, "\(trouble.rawValue)")
        }
    }

    @Test func `the next day is like the first`() {
        for second in 0..<100 { #expect(hour(second) == hour(second + 100)) }
    }

    @Test func `a burst has several times the requests of the moment before`() {
        #expect(hour(8).requestsPerSecond > 5 * hour(4).requestsPerSecond)
    }

    @Test func `cedar has a balance but for the hours without credit`() {
        #expect(hour(10).cedarBalance > 5)
        #expect(hour(40).cedarBalance == 0)
        #expect(hour(60).cedarBalance > 0)
    }

    @Test(arguments: [60, 180, 3_600])
    func `its configuration is one that the loader takes`(seconds: Int) throws {
        let day = DemoDay(length: .seconds(seconds))
        let address = try #require(ListenAddress("127.0.0.1:4567"))
        let configuration = try day.configuration(vendors: address)
        #expect(configuration.providers.map(\.name) == ["amber", "birch", "cedar", "workshop"])
        #expect(configuration.tenants.map(\.id) == ["acme", "globex", "initech"])
        #expect(configuration.tenants[1].webhook?.url == "http://127.0.0.1:4567/bills/globex")
    }
}
