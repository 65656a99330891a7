/// A day of the Gregorian calendar, in UTC.
package struct CivilDate: Sendable, Hashable {
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to 31.
    package var day: Int

    package init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day comes last.
    package init(daysSince1970: Int) {
        let (era, dayOfEra) = daysSince1970.advanced(by: 719_468).floorDivided(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// The day that `time` is in.
    package init(of time: WallTime) {
        let second = Int(time.nanosecondsSince1970).floorDivided(by: 1_000_000_000).quotient
        self.init(daysSince1970: second.floorDivided(by: 86_400).quotient)
    }

    /// Howard Hinnant's `days_from_civil`.
    package var daysSince1970: Int {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).floorDivided(by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// When it begins.
    package var start: WallTime {
        WallTime(nanosecondsSince1970: Int64(daysSince1970) * 86_400_000_000_000)
    }
}

extension Int {
    /// Rounded down, also below zero; `divisor` is positive.
    package func floorDivided(by divisor: Int) -> (quotient: Int, remainder: Int) {
        let quotient = self / divisor - (self % divisor < 0 ? 1 : 0)
        return (quotient, self - quotient * divisor)
    }
}
