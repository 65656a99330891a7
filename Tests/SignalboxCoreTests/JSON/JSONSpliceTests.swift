import SignalboxCore
import Testing

@Suite struct JSONSpliceTests {
    private func edited(_ text: String, _ edit: (inout JSONSplice) -> Void) throws -> String {
        var splice = JSONSplice(try JSONFields(scanning: Array(text.utf8)))
        edit(&splice)
        return String(decoding: splice.build(), as: UTF8.self)
    }

    @Test func `a replaced value leaves every other byte as it was`() throws {
        let text = " { \"b\" : [1, 2] ,\t\"model\" :  \"a\" , \"z\":1.50}\n"
        #expect(
            try edited(text) { $0.set("model", to: .string("c\"d")) }
                == " { \"b\" : [1, 2] ,\t\"model\" :  \"c\\\"d\" , \"z\":1.50}\n")
        #expect(try edited(text) { _ in } == text)
    }

    @Test func `every duplicate is replaced, escaped names too`() throws {
        #expect(
            try edited(#"{"model":"a","x":1,"mod\u0065l":"b"}"#) { $0.set("model", to: .string("c")) }
                == #"{"model":"c","x":1,"mod\u0065l":"c"}"#)
    }

    @Test func `a missing member is added after the last`() throws {
        #expect(try edited(#"{"a":1 }"#) { $0.set("b", to: .integer(-2)) } == #"{"a":1,"b":-2 }"#)
        #expect(try edited(" { } ") { $0.set("b", to: .bool(true)) } == #" {"b":true } "#)
        let both = try edited("{}") {
            $0.set("a", to: .json(Array("[1]".utf8)))
            $0.set("b", to: .bool(false))
        }
        #expect(both == #"{"a":[1],"b":false}"#)
    }

    @Test(arguments: [
        (#"{"a":1,"b":2,"c":3}"#, #"{"b":2,"c":3}"#), (#"{"b":2,"a":1,"c":3}"#, #"{"b":2,"c":3}"#),
        (#"{"b":2,"c":3,"a":1}"#, #"{"b":2,"c":3}"#), (#"{"a":1}"#, #"{}"#), (#"{"a":1,"a":2}"#, #"{}"#),
        (#"{"a":1,"a":2,"b":3}"#, #"{"b":3}"#), (#"{"b":3,"a":1,"a":2}"#, #"{"b":3}"#),
        (#"{"a":1,"b":3,"a":2}"#, #"{"b":3}"#), (#"{"b":3}"#, #"{"b":3}"#),
    ]) func `a removed member takes its comma with it`(text: String, expected: String) throws {
        #expect(try edited(text) { $0.remove("a") } == expected)
    }

    @Test func `several edits are carried out together`() throws {
        let result = try edited(#"{"a":1,"b":2,"c":3}"#) {
            $0.remove("a")
            $0.set("c", to: .integer(30))
            $0.set("d", to: .string("x"))
            $0.set("c", to: .integer(31))
            $0.remove("e")
        }
        #expect(result == #"{"b":2,"c":31,"d":"x"}"#)
        let emptied = try edited(#"{"a":1}"#) {
            $0.remove("a")
            $0.set("b", to: .integer(1))
        }
        #expect(emptied == #"{"b":1}"#)
    }

    @Test func `text is written with what JSON demands escaped`() throws {
        var bytes: [UInt8] = []
        JSONText.append("a\"\\\n\r\t\u{1}é🚂", to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == #""a\"\\\n\r\t\u0001é🚂""#)
        let fields = try JSONFields(scanning: Array("{\"k\":".utf8) + bytes + Array("}".utf8))
        #expect(fields.string("k") == "a\"\\\n\r\t\u{1}é🚂")
    }

    @Test(arguments: [0, 7, -1, 1_234_567_890, Int.max, Int.min]) func `integers are written in decimal`(
        value: Int
    ) {
        var bytes: [UInt8] = []
        JSONText.append(value, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == String(value))
    }
}
