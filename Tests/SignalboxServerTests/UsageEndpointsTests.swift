import Signalbox
import SignalboxCore
import SignalboxHTTP
import SignalboxStore
import Testing

@testable import SignalboxServer

struct UsageEndpointsTests {
    private static let time = CivilDate(year: 2026, month: 11, day: 21).start

    private static let wishes: [UsageReplay.Wish] = [
        .deadLetter("msg_1"), .deadLetters(endpoint: "acme"), .sequences(tenant: "acme", 3...9),
        .time(
            tenant: "acme", from: time,
            to: WallTime(nanosecondsSince1970: time.nanosecondsSince1970 + 1_234_567_000)),
    ]

    @Test(arguments: wishes) func `what is left of a replay is asked for as it was answered`(
        wish: UsageReplay.Wish
    ) throws {
        let parameters = (wish.json.members ?? []).map { (name: $0.name, value: $0.value.string ?? "") }
        #expect(try UsageReplay.Wish(parameters) == wish)
    }

    @Test func `a range without an end goes to the last record`() throws {
        #expect(
            try UsageReplay.Wish([("tenant", "acme"), ("first", "7")])
                == .sequences(tenant: "acme", 7...Int64.max))
    }

    @Test(
        arguments: [
            (["x=1"], "x"), ([], "dead_letter"), (["tenant=a"], "tenant"),
            (["tenant=a", "from=2026-11-21"], "tenant"),
            (["tenant=a", "first=0"], "first"), (["tenant=a", "first=5", "last=4"], "last"),
            (["endpoint=a", "first=5"], "first"), (["dead_letter=a", "dead_letter=b"], "dead_letter"),
        ] as [([String], String)])
    func `a wish that says nothing names its parameter`(given: [String], parameter: String) throws {
        let parameters = given.map { pair in
            let parts = pair.split(separator: "=").map(String.init)
            return (name: parts[0], value: parts[1])
        }
        let mistake = #expect(throws: LedgerQuestion.Mistake.self) { try UsageReplay.Wish(parameters) }
        #expect(mistake?.parameter == parameter)
    }

    @Test func `errors are answered by whose fault they are`() {
        #expect(UsageEndpoints.reply(to: LedgerQuestion.Mistake("limit", "no")).status == 400)
        #expect(UsageEndpoints.reply(to: StoreError.unknown("delivery x")).status == 404)
        #expect(UsageEndpoints.reply(to: UsageReplay.Failure.noWebhook("t")).status == 404)
        #expect(UsageEndpoints.reply(to: UsageReplay.Failure.store(.closed)).status == 503)
        #expect(UsageEndpoints.reply(to: StoreError.disk("gone")).status == 503)
    }
}
