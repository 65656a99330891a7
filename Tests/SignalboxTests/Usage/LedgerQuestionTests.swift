import SignalboxCore
import SignalboxStore
import Testing

@testable import Signalbox

struct LedgerQuestionTests {
    private func filter(_ parameters: (name: String, value: String)...) throws -> LedgerFilter {
        try LedgerQuestion(parameters, names: LedgerQuestion.filters).filter()
    }

    private func mistake(_ parameters: (name: String, value: String)...) throws -> String {
        let mistake = #expect(throws: LedgerQuestion.Mistake.self) {
            try LedgerQuestion(parameters, names: LedgerQuestion.filters).filter()
        }
        return mistake?.parameter ?? ""
    }

    @Test func `nothing said asks for everything`() throws {
        #expect(try filter() == LedgerFilter())
    }

    @Test func `every filter is taken, and a day begins at midnight in UTC`() throws {
        let asked = try filter(
            ("tenant", "t"), ("tenant_key", "t-0"), ("from", "2026-11-21"),
            ("to", "2026-11-21T02:00:00+01:00"),
            ("provider", "p"), ("model", "m"), ("key", "p-0"), ("outcome", "interrupted"))
        let midnight = CivilDate(year: 2026, month: 11, day: 21).start
        let hour = WallTime(nanosecondsSince1970: midnight.nanosecondsSince1970 + 3_600_000_000_000)
        #expect(
            asked
                == LedgerFilter(
                    tenant: "t", tenantKey: "t-0", from: midnight, to: hour, provider: "p", model: "m",
                    key: "p-0", outcome: .interrupted))
    }

    @Test func `a mistake names its parameter`() throws {
        #expect(try mistake(("from", "yesterday")) == "from")
        #expect(try mistake(("to", "2026-13-01")) == "to")
        #expect(try mistake(("from", "2026-11-21"), ("to", "2026-11-21")) == "to")
        #expect(try mistake(("outcome", "good")) == "outcome")
        #expect(try mistake(("tenants", "t")) == "tenants")
        #expect(try mistake(("tenant", "t"), ("tenant", "u")) == "tenant")
    }

    @Test func `groups are names with commas between them, each once`() throws {
        let question = try LedgerQuestion([("by", "day,tenant_key,day")], names: ["by"])
        #expect(try question.groups("by") == [.day, .tenantKey])
        let wrong = try LedgerQuestion([("by", "day,week")], names: ["by"])
        let mistake = #expect(throws: LedgerQuestion.Mistake.self) { try wrong.groups("by") }
        #expect(mistake?.description.contains("'week' is none of tenant, tenant_key") == true)
    }

    @Test(arguments: ["0", "1001", "ten", "", "1.5"])
    func `a number is in its range`(text: String) throws {
        let question = try LedgerQuestion([("limit", text)], names: ["limit"])
        #expect(throws: LedgerQuestion.Mistake.self) { try question.integer("limit", 1...1_000) }
    }
}
