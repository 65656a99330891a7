import SignalboxCore
import SignalboxUsage
import Testing

@Suite struct EndpointPatienceTests {
    private func hours(_ hours: Double) -> WallTime {
        WallTime(nanosecondsSince1970: 1_767_225_600_000_000_000 + Int64(hours * 3_600e9))
    }

    /// The standard's retries of one delivery, without chance.
    private let retries = [0, 0.001, 0.085, 0.585, 2.585, 7.585, 17.585]

    @Test func `five days of nothing but failures disable, once they count`() {
        var patience = EndpointPatience()
        for hour in retries { #expect(patience.failed(at: hours(hour)) == false) }
        #expect(patience.failed(at: hours(17.585 + 119.9)) == false)
        #expect(patience.failed(at: hours(17.585 + 120)) == true)
    }

    @Test func `one success, and all is forgotten`() {
        var patience = EndpointPatience()
        for hour in retries { #expect(patience.failed(at: hours(hour)) == false) }
        #expect(patience.isFailing)
        patience.succeeded()
        #expect(!patience.isFailing)
        #expect(patience.failed(at: hours(200)) == false)
    }

    @Test func `failures of one evening do not begin to count`() {
        var patience = EndpointPatience()
        for minute in 0..<600 { #expect(patience.failed(at: hours(Double(minute) / 60)) == false) }
        #expect(patience.failed(at: hours(10 + 121)) == false)
    }

    @Test func `three failures a day do not begin to count, four do`() {
        var rare = EndpointPatience()
        var frequent = EndpointPatience()
        var disabled: [Double] = []
        for day in 0..<10 {
            for hour in [0.0, 11, 22] { #expect(rare.failed(at: hours(Double(day) * 24 + hour)) == false) }
            for hour in [0.0, 6, 12, 18] where disabled.isEmpty {
                let at = Double(day) * 24 + hour
                if frequent.failed(at: hours(at)) { disabled.append(at) }
            }
        }
        #expect(disabled == [18 + 120])
    }
}
