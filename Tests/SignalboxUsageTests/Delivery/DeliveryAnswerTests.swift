import SignalboxCore
import SignalboxHTTP
import Testing

@testable import SignalboxUsage

@Suite struct DeliveryAnswerTests {
    private func verdict(
        _ status: Int, count: Int = 10, isPacked: Bool = true, isLago: Bool = false, body: String = ""
    ) -> DeliveryAnswer.Verdict {
        DeliveryAnswer(ending: .status(status), body: Array(body.utf8))
            .verdict(count: count, isPacked: isPacked, isLago: isLago)
    }

    @Test(arguments: 100..<600) func `every status has its meaning`(status: Int) {
        let meant: DeliveryAnswer.Verdict =
            switch status {
            case 200..<300: .delivered
            case 410: .endpointGone
            case 413: .smaller
            case 415: .unpacked
            case 429, 502, 504: .retry(isThrottled: true)
            default: .retry(isThrottled: false)
            }
        #expect(verdict(status) == meant)
    }

    @Test func `what cannot be made smaller or plainer is tried again later`() {
        #expect(verdict(413, count: 1) == .retry(isThrottled: false))
        #expect(verdict(415, isPacked: false) == .retry(isThrottled: false))
    }

    @Test func `Lago's 422 is read, and nobody else's`() {
        let known = #"{"error_details":{"0":{"transaction_id":["value_already_exist"]}}}"#
        #expect(verdict(422, count: 1, body: known) == .retry(isThrottled: false))
        #expect(verdict(422, count: 1, isLago: true, body: known) == .delivered)
        #expect(verdict(422, count: 3, isLago: true, body: known) == .others([1, 2]))
        #expect(verdict(422, isLago: true) == .refused)
    }

    @Test func `a timeout slows down, another broken connection does not`() {
        func verdict(_ error: TransportError) -> DeliveryAnswer.Verdict {
            DeliveryAnswer(ending: .failed(error)).verdict(count: 1, isPacked: true, isLago: false)
        }
        #expect(verdict(.timeout(.firstByte)) == .retry(isThrottled: true))
        #expect(verdict(.reset("x")) == .retry(isThrottled: false))
    }
}
