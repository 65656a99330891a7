import Foundation
import SignalboxConfig
import SignalboxCore
import SignalboxUsage
import Testing

@Suite struct PriceFileTests {
    private static let configuration = "\(Desk.provider)\nprices: {file: p.yaml}"
    private static let usd = "model: m, currency: USD, input: 1, output: 2"

    private func desk(_ prices: String) -> Desk {
        Desk(Self.configuration, files: ["p.yaml": prices])
    }

    private func book(_ prices: String) throws -> PriceBook {
        try #require(try desk(prices).load().prices).book
    }

    @Test func `rates are read exactly, and those that are not there follow the plain ones`() throws {
        let book = try book(
            """
            version: "7"
            prices:
              - {kind: mock, model: m, currency: USD, valid_from: 2026-03-01, input: 0.15, output: 0.6,
                 cached_input: 0.075, cache_write: 0.1875, reasoning: 0.7}
              - {provider: a, model: n/o, currency: RUB, valid_from: 1970-01-02, input: 3, output: 0}
            """)
        #expect(book.version == "7")
        #expect(book.currencies == ["RUB", "USD"])
        let first = try #require(book.entries.first)
        #expect(first.seller == .kind("mock"))
        let spring = WallTime(nanosecondsSince1970: 1_772_323_200_000_000_000)
        #expect(first.price.validFrom == spring)
        #expect(
            first.price.rates
                == TokenRates(
                    input: 150_000_000, output: 600_000_000, cachedInput: 75_000_000,
                    cacheWrite: 187_500_000, reasoning: 700_000_000))
        let last = try #require(book.entries.last)
        #expect(last.seller == .provider("a"))
        #expect(last.price.validFrom == WallTime(nanosecondsSince1970: 86_400_000_000_000))
        #expect(last.price.rates == TokenRates(input: 3_000_000_000, output: 0))
    }

    @Test func `a file without a version is told apart by its content`() throws {
        let one = try book("prices: [{kind: mock, \(Self.usd), valid_from: 2026-01-01}]")
        let same = try book("prices: [{kind: mock, \(Self.usd), valid_from: 2026-01-01}]")
        let other = try book("prices: [{kind: mock, \(Self.usd), valid_from: 2026-01-02}]")
        #expect(one.version.utf8.count == 16)
        #expect(one == same)
        #expect(one.version != other.version)
    }

    @Test func `every mistake is told at once, in the file that has it`() {
        let mistakes = desk(
            """
            versoin: 1
            prices:
              - {kind: mock, provider: a, \(Self.usd), valid_from: 2026-02-29}
              - {kind: mok, model: m, currency: usd, input: 1e-6, output: -1, valid_from: 2026-1-1}
              - {cached: 1}
              - {kind: mock, \(Self.usd), valid_from: 2026-02-28, reasoning: much}
              - {kind: mock, \(Self.usd), valid_from: 2024-02-29}
              - {kind: mock, \(Self.usd), valid_from: 2024-02-29}
            """
        ).mistakes()
        let places = mistakes.map { $0.split(separator: ": ").prefix(2).joined(separator: " ") }
        #expect(
            places == [
                "p.yaml:1:1 versoin", "p.yaml:3:12 prices[0].kind", "p.yaml:3:89 prices[0].valid_from",
                "p.yaml:4:12 prices[1].kind", "p.yaml:4:37 prices[1].currency",
                "p.yaml:4:49 prices[1].input", "p.yaml:4:63 prices[1].output",
                "p.yaml:4:79 prices[1].valid_from", "p.yaml:5:5 prices[2].kind",
                "p.yaml:5:5 prices[2].model", "p.yaml:5:5 prices[2].valid_from",
                "p.yaml:5:5 prices[2].currency", "p.yaml:5:5 prices[2].input",
                "p.yaml:5:5 prices[2].output", "p.yaml:5:6 prices[2].cached",
                "p.yaml:6:99 prices[3].reasoning", "p.yaml:8:76 prices[5].valid_from",
            ], "\(mistakes.joined(separator: "\n"))")
        #expect(mistakes.allSatisfy { $0.contains("; ") || $0.contains("did you mean") })
    }

    @Test(arguments: [
        "2026-13-01", "2026-00-10", "2026-01-00", "2026-04-31", "1969-12-31", "2201-01-01", "26-01-01",
        "2026-01-01T00:00:00Z", "2026-01", "+026-01-01", "٢٠٢٦-01-01", "today",
    ])
    func `what is no day is refused`(day: String) {
        let mistakes = desk("prices: [{kind: mock, \(Self.usd), valid_from: \"\(day)\"}]").mistakes()
        #expect(mistakes.count == 1)
        #expect(mistakes.first?.contains("is no day from 1970 to 2200") == true)
    }

    @Test func `a file of prices that is wrong does not make routes wrong as well`() {
        let yaml = "\(Self.configuration)\nroutes: [{model: c, strategy: lowest-cost, targets: [a/m]}]"
        let mistakes = Desk(yaml, files: ["p.yaml": "prices: 1"]).mistakes()
        #expect(mistakes == ["p.yaml:1:9: prices: is a single value where a list of prices belongs"])
    }

    @Test func `the book's prices are enough for lowest-cost, and its currencies must agree`() throws {
        let yaml = "\(Self.configuration)\nroutes: [{model: c, strategy: lowest-cost, targets: [a/m, a/n/o]}]"
        let dollars = "{kind: mock, \(Self.usd), valid_from: 2026-01-01}"
        let roubles = "{kind: mock, model: n/o, currency: RUB, input: 1, output: 1, valid_from: 2026-01-01}"
        #expect(Desk(yaml, files: ["p.yaml": "prices: [\(dollars)]"]).mistakes() == [])
        let mistakes = Desk(yaml, files: ["p.yaml": "prices: [\(dollars), \(roubles)]"]).mistakes()
        #expect(mistakes.count == 1)
        #expect(mistakes.first?.contains("has prices in RUB and USD, which do not compare") == true)
    }

    @Test func `other prices in the same file are a change that needs no restart`() throws {
        let entry = "{kind: mock, \(Self.usd), valid_from: 2026-01-01}"
        let before = try desk("prices: [\(entry)]").load()
        let after = try desk("prices: []").load()
        let change = ConfigurationChange(from: before, to: after)
        #expect(change.settings == ["prices.file"])
        #expect(change.needsRestart == [])
        #expect(ConfigurationChange(from: before, to: try desk("prices: [\(entry)]").load()).isEmpty)
    }

    @Test func `what the documentation and the examples show is right`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/prices.md"), encoding: .utf8)
        let shown = try #require(page.components(separatedBy: "<!-- a prices file -->\n```yaml\n").last)
        #expect(desk(shown.components(separatedBy: "```\n")[0]).mistakes() == [])
        let example = try String(
            contentsOf: root.appending(path: "examples/prices.yaml"), encoding: .utf8)
        #expect(desk(example).mistakes() == [])
    }
}
