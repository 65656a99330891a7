public import SignalboxCore

/// One day, or one month, of UTC.
public struct BudgetSpan: Sendable, Hashable {
    /// Its first moment.
    public let start: WallTime
    /// The first moment after it.
    public let end: WallTime

    public init(start: WallTime, end: WallTime) {
        self.start = start
        self.end = end
    }
}

extension Budget.Period {
    /// The day or month that a moment is in.
    public func span(around time: WallTime) -> BudgetSpan {
        let today = CivilDate(of: time)
        switch self {
        case .day:
            let tomorrow = CivilDate(daysSince1970: today.daysSince1970 + 1)
            return BudgetSpan(start: today.start, end: tomorrow.start)
        case .month:
            let isLast = today.month == 12
            let next = CivilDate(
                year: today.year + (isLast ? 1 : 0), month: isLast ? 1 : today.month + 1, day: 1)
            return BudgetSpan(
                start: CivilDate(year: today.year, month: today.month, day: 1).start, end: next.start)
        }
    }
}
