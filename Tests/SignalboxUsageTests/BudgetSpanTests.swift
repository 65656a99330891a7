import SignalboxCore
import SignalboxUsage
import Testing

@Suite struct BudgetSpanTests {
    private func time(_ text: String) throws -> WallTime {
        try #require(HTTPDate.parse(text))
    }

    @Test(arguments: [
        ("Sat, 21 Nov 2026 14:31:50 GMT", "Sat, 21 Nov 2026 00:00:00 GMT", "Sun, 22 Nov 2026 00:00:00 GMT"),
        ("Sat, 21 Nov 2026 00:00:00 GMT", "Sat, 21 Nov 2026 00:00:00 GMT", "Sun, 22 Nov 2026 00:00:00 GMT"),
        ("Thu, 31 Dec 2026 23:59:59 GMT", "Thu, 31 Dec 2026 00:00:00 GMT", "Fri, 01 Jan 2027 00:00:00 GMT"),
        ("Mon, 28 Feb 2028 12:00:00 GMT", "Mon, 28 Feb 2028 00:00:00 GMT", "Tue, 29 Feb 2028 00:00:00 GMT"),
    ])
    func `a day is from midnight to midnight`(now: String, start: String, end: String) throws {
        let span = Budget.Period.day.span(around: try time(now))
        #expect(span == BudgetSpan(start: try time(start), end: try time(end)))
    }

    @Test(arguments: [
        ("Sat, 21 Nov 2026 14:31:50 GMT", "Sun, 01 Nov 2026 00:00:00 GMT", "Tue, 01 Dec 2026 00:00:00 GMT"),
        ("Thu, 31 Dec 2026 23:59:59 GMT", "Tue, 01 Dec 2026 00:00:00 GMT", "Fri, 01 Jan 2027 00:00:00 GMT"),
        ("Fri, 01 Jan 2027 00:00:00 GMT", "Fri, 01 Jan 2027 00:00:00 GMT", "Mon, 01 Feb 2027 00:00:00 GMT"),
        ("Tue, 29 Feb 2028 23:59:59 GMT", "Tue, 01 Feb 2028 00:00:00 GMT", "Wed, 01 Mar 2028 00:00:00 GMT"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Sun, 01 Feb 1970 00:00:00 GMT"),
    ])
    func `a month is the calendar's`(now: String, start: String, end: String) throws {
        let span = Budget.Period.month.span(around: try time(now))
        #expect(span == BudgetSpan(start: try time(start), end: try time(end)))
    }

    @Test(arguments: Budget.Period.allCases)
    func `spans follow each other without a gap for two hundred years`(period: Budget.Period) {
        var span = period.span(around: WallTime(nanosecondsSince1970: 0))
        let last = CivilDate(year: 2200, month: 1, day: 1).start.nanosecondsSince1970
        while span.end.nanosecondsSince1970 < last {
            let next = period.span(around: span.end)
            #expect(next.start == span.end && next.end > next.start)
            let end = WallTime(nanosecondsSince1970: span.end.nanosecondsSince1970 - 1)
            #expect(period.span(around: end) == span)
            span = next
        }
    }
}
