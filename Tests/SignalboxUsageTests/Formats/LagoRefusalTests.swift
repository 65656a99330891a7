import Testing

@testable import SignalboxUsage

@Suite struct LagoRefusalTests {
    private let known = #"{"transaction_id":["value_already_exist"]}"#

    private func refusal(_ details: String, count: Int) -> LagoRefusal {
        let body =
            #"{"status":422,"code":"validation_errors","error_details":\#(details)}"#
        return LagoRefusal(Array(body.utf8), count: count)
    }

    @Test func `a batch that Lago has already is delivered`() {
        #expect(refusal(#"{"0":\#(known),"1":\#(known)}"#, count: 2) == .allKnown)
    }

    @Test func `of a batch that Lago has in part, the others are sent again`() {
        #expect(
            refusal(#"{"1":\#(known),"3":{ "transaction_id" : [ "value_already_exist" ] }}"#, count: 5)
                == .others([0, 2, 4]))
    }

    @Test(arguments: [
        "{}", #"{"0":{"code":["metric_not_found"]}}"#,
        #"{"0":{"transaction_id":["value_already_exist"]},"1":{"timestamp":["invalid_format"]}}"#,
        #"{"0":{"transaction_id":["value_already_exist","value_is_mandatory"]}}"#,
        #"{"0":{"transaction_id":["value_already_exist"],"code":["x"]}}"#,
        #"{"2":{"transaction_id":["value_already_exist"]}}"#,
        #"{"external_subscription_id":["value_is_mandatory"]}"#, "[]", "null", #""x""#,
    ])
    func `any other complaint is final`(details: String) {
        #expect(refusal(details, count: 2) == .final)
    }

    @Test(arguments: ["", "nonsense", "{", #"{"error_details":{"0"#])
    func `an answer that cannot be read is final`(body: String) {
        #expect(LagoRefusal(Array(body.utf8), count: 2) == .final)
    }
}
