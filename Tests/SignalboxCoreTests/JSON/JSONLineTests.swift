import SignalboxCore
import Testing

@Suite struct JSONLineTests {
    private func line(_ json: String) -> String {
        var output = Array("data: ".utf8)
        JSONLine.append(Array(json.utf8)[...], to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func `JSON on several lines becomes one`() {
        #expect(line("\n{\r\n\"a\":\n1}\r") == "data:  {  \"a\": 1} ")
    }

    @Test func `what has no line break is left as it is`() {
        #expect(line(#"{"a": "\n\u000a"}"#) == #"data: {"a": "\n\u000a"}"#)
        #expect(line("") == "data: ")
    }
}
