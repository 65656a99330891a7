import SignalboxCore
@testable import SignalboxDemo
import SignalboxProviders
import Testing

@Suite("The vendors of a demonstration")
struct DemoVendorsTests {
    private let day = DemoDay(length: .seconds(100))

    /// What came, and how the vendor's own adapter judges a plain answer.
    private func ask(
        _ vendor: String, _ path: String, key: Int = 0, at second: Int, _ vendors: inout DemoVendors
    ) -> (status: Int, body: JSONTree?) {
        let body = #"{"model":"m","messages":[{"role":"user","content":"hello"}]}"#
        let request = DemoVendors.Request(
            vendor: vendor, path: path, key: DemoVendors.key(vendor, key), body: Array(body.utf8))
        var status = 0
        var bytes: [UInt8] = []
        for step in vendors.reply(to: request, at: day.hour(at: .seconds(second))).steps {
            switch step {
            case .head(let given, _): status = given
            case .bytes(let piece): bytes += piece
            case .wait, .cut, .stall: break
            }
        }
        return (status, try? JSONTree(parsing: bytes))
    }

    private func statuses(_ vendor: String, _ path: String, key: Int = 0, at second: Int) -> [Int: Int] {
        var vendors = DemoVendors(seed: 3)
        var counts: [Int: Int] = [:]
        for _ in 0..<200 { counts[ask(vendor, path, key: key, at: second, &vendors).status, default: 0] += 1 }
        return counts
    }

    @Test func `answers nearly always in a quiet hour`() {
        for vendor in ["amber", "birch", "cedar"] {
            #expect(statuses(vendor, "/chat/completions", at: 2)[200] ?? 0 > 190, "\(vendor)")
        }
    }

    @Test func `amber fails mostly while it degrades, and the others do not`() {
        #expect(statuses("amber", "/chat/completions", at: 20)[503] ?? 0 > 120)
        #expect(statuses("birch", "/chat/completions", at: 20)[200] ?? 0 > 190)
    }

    @Test func `an expired key is refused for calls and for checks, and the other one is not`() {
        #expect(statuses("birch", "/chat/completions", key: 1, at: 40) == [401: 200])
        #expect(statuses("birch", "/key", key: 1, at: 40) == [401: 200])
        #expect(statuses("birch", "/key", key: 0, at: 40) == [200: 200])
        #expect(statuses("birch", "/key", key: 1, at: 60) == [200: 200])
    }

    @Test func `without credit the balance says so, and calls are refused with 402`() {
        var vendors = DemoVendors(seed: 3)
        let before = ask("cedar", "/user/balance", at: 10, &vendors)
        #expect(before.body?["is_available"]?.bool == true)
        let without = ask("cedar", "/user/balance", at: 40, &vendors)
        #expect(without.status == 200)
        #expect(without.body?["is_available"]?.bool == false)
        #expect(statuses("cedar", "/chat/completions", at: 40) == [402: 200])
    }

    @Test func `everybody's limit is met in the hours of limits`() {
        for vendor in ["amber", "birch", "cedar"] {
            #expect(statuses(vendor, "/chat/completions", at: 70)[429] ?? 0 > 180, "\(vendor)")
        }
    }

    @Test func `the same seed has the same answers`() {
        let request = DemoVendors.Request(
            vendor: "amber", path: "/chat/completions", key: nil, body: Array(#"{"model":"m"}"#.utf8))
        var (one, two) = (DemoVendors(seed: 9), DemoVendors(seed: 9))
        for second in 0..<100 {
            let hour = day.hour(at: .seconds(second))
            #expect(one.reply(to: request, at: hour) == two.reply(to: request, at: hour))
        }
    }
}
