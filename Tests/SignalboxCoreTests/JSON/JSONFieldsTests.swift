import SignalboxCore
import Testing

@Suite struct JSONFieldsTests {
    static let valid = [
        "{}", " { } ", "\t\r\n{\n}\n", #"{"a":1}"#, #"{"":0}"#, #"{"a":-0}"#, #"{"a":0.5e-3}"#,
        #"{"a":1E+2}"#,
        #"{"a":123456789012345678901234567890}"#, #"{"a":"\"\\\/\b\f\n\r\t\u00e9"}"#, #"{"a":"\ud800"}"#,
        #"{"a":"\uD83D\uDE00"}"#, #"{"a":"é中🚂"}"#, #"{"a":[]}"#, #"{"a":[1,[2,{"b":[]}],{}]}"#,
        #"{"a":true,"b":false,"c":null}"#, #"{"a":1,"a":2}"#, "{\"a\":\"\u{7F}\"}", "{\"a\":\"\u{10FFFF}\"}",
        #"{"a" : [ 1 , 2 ] , "b" : { "c" : "d" } }"#, #"{"12345678":"1234567\"12345678"}"#,
    ]

    static let invalid: [(String, JSONSyntaxError.Reason)] = [
        ("", .truncated), (" ", .truncated), ("{", .truncated), ("[]", .notAnObject), ("1", .notAnObject),
        ("null", .notAnObject), (#"{"a"}"#, .colonExpected), (#"{"a":}"#, .valueExpected),
        (#"{a:1}"#, .keyExpected),
        (#"{'a':1}"#, .keyExpected), (#"{"a":1,}"#, .keyExpected), (#"{,}"#, .keyExpected),
        (#"{"a":1 "b":2}"#, .commaOrBraceExpected), (#"{"a":[1 2]}"#, .commaOrBracketExpected),
        (#"{"a":[1,]}"#, .valueExpected), (#"{"a":[,1]}"#, .valueExpected),
        (#"{"a":[1}"#, .commaOrBracketExpected),
        (#"{"a":{"b":1]}"#, .commaOrBraceExpected), (#"{"a":1}}"#, .trailingBytes),
        (#"{} x"#, .trailingBytes),
        (#"{"a":1}{"a":1}"#, .trailingBytes), (#"{"a":01}"#, .commaOrBraceExpected),
        (#"{"a":+1}"#, .valueExpected),
        (#"{"a":.5}"#, .valueExpected), (#"{"a":1.}"#, .badNumber), (#"{"a":1e}"#, .badNumber),
        (#"{"a":-}"#, .badNumber), (#"{"a":1e+}"#, .badNumber), (#"{"a":NaN}"#, .valueExpected),
        (#"{"a":tru}"#, .badLiteral), (#"{"a":nulL}"#, .badLiteral), (#"{"a":tr"#, .truncated),
        (#"{"a":True}"#, .valueExpected), (#"{"a":truex}"#, .commaOrBraceExpected),
        (#"{"a":"\x"}"#, .badEscape),
        (#"{"a":"\u12g4"}"#, .badEscape), (#"{"a":"\u12"}"#, .badEscape), (#"{"a":"b"#, .truncated),
        (#"{"a":"b\"#, .truncated), (#"{"a":1"#, .truncated), (#"{"a":-"#, .truncated),
        ("{\"a\":\"\n\"}", .controlCharacter), ("{\"a\":\"12345678\u{0}\"}", .controlCharacter),
        ("\u{FEFF}{}", .notAnObject), ("{}\u{0}", .trailingBytes), ("{\u{A0}}", .keyExpected),
        (#"{"a":1 /* no */}"#, .commaOrBraceExpected), (#"{"a":1,"b"#, .truncated),
    ]

    @Test(arguments: valid) func `a valid object is accepted`(text: String) throws {
        _ = try JSONFields(scanning: Array(text.utf8))
    }

    @Test(arguments: invalid) func `an invalid text is refused with its reason`(
        text: String, reason: JSONSyntaxError.Reason
    ) {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONFields(scanning: Array(text.utf8)) }
        #expect(error?.reason == reason)
    }

    @Test(arguments: [
        [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
        [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x9A], [0xC3, 0x28],
        [0xE2, 0x28, 0xA1],
    ]) func `bytes that are not UTF-8 are refused`(bytes: [UInt8]) {
        for padding in 0..<9 {
            let text =
                Array(#"{"a":""#.utf8) + Array(repeating: 0x61, count: padding) + bytes + Array(#""}"#.utf8)
            let error = #expect(throws: JSONSyntaxError.self) { try JSONFields(scanning: text) }
            #expect(error?.reason == .badUTF8)
            #expect(error.map { $0.offset >= 6 + padding } == true)
        }
    }

    @Test func `nesting is bounded and cannot overflow the stack`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            let open = String(repeating: "[", count: depth - 1),
                close = String(repeating: "]", count: depth - 1)
            return Array("{\"a\":\(open)\(close)}".utf8)
        }
        _ = try JSONFields(scanning: nested(64))
        _ = try JSONFields(scanning: nested(3), depthMax: 3)
        for (depth, limit) in [(65, 64), (4, 3), (1_000_000, 64), (2, 1)] {
            let error = #expect(throws: JSONSyntaxError.self) {
                try JSONFields(scanning: nested(depth), depthMax: limit)
            }
            #expect(error?.reason == .tooDeep)
        }
    }

    @Test func `more members than any request has are refused`() throws {
        func members(_ count: Int) -> [UInt8] {
            Array("{\((0..<count).map { "\"\($0)\":0" }.joined(separator: ","))}".utf8)
        }
        #expect(try JSONFields(scanning: members(1_024)).count == 1_024)
        let error = #expect(throws: JSONSyntaxError.self) { try JSONFields(scanning: members(1_025)) }
        #expect(error?.reason == .tooManyMembers)
    }

    @Test func `the last of two members of one name is the one that counts, escapes or not`() throws {
        let fields = try JSONFields(scanning: Array(#"{"model":"a","n":1,"mod\u0065l":"b"}"#.utf8))
        #expect(fields.string("model") == "b")
        #expect(fields.all(named: "model").count == 2)
        #expect(fields.all.map(\.name) == ["model", "n", "model"])
        #expect(fields["mode"] == nil)
        #expect(fields["models"] == nil)
    }

    @Test func `values are read by type`() throws {
        let text =
            #"{"s":"a\n\ud83d\ude00\ud800x\u0000","i":-9223372036854775808,"b":true,"o":{"p":{"q":7}},"f":1.5}"#
        let fields = try JSONFields(scanning: Array(text.utf8))
        #expect(fields.string("s") == "a\n😀\u{FFFD}x\u{0}")
        #expect(fields.integer("i") == .min)
        #expect(fields.bool("b") == true)
        #expect(fields.object("o")?.object("p")?.integer("q") == 7)
        #expect(fields.integer("f") == nil)
        #expect(fields.string("i") == nil)
        #expect(fields.object("s") == nil)
        let nested = try #require(fields["o"])
        let deeper = try #require(JSONScan.member("p", of: nested, in: fields.bytes))
        #expect(JSONScan.member("q", of: deeper, in: fields.bytes)?.kind == .number)
        #expect(JSONScan.member("x", of: deeper, in: fields.bytes) == nil)
    }

    @Test(arguments: [
        ("9223372036854775807", Int.max), ("9223372036854775808", nil), ("-9223372036854775809", nil),
        ("0", 0),
        ("-0", 0), ("1e3", nil), ("-12", -12),
    ]) func `a whole number is read if it fits`(text: String, expected: Int?) throws {
        #expect(try JSONFields(scanning: Array("{\"a\":\(text)}".utf8)).integer("a") == expected)
    }

    @Test func `the elements of an array come in order`() throws {
        let fields = try JSONFields(scanning: Array(#"{"a":[ 1 , {"b":[2]} ,"c" , [] ],"e":[],"n":3}"#.utf8))
        func kinds(_ name: StaticString) throws -> [JSONKind] {
            try JSONScan.elements(of: #require(fields[name]), in: fields.bytes).map(\.kind)
        }
        #expect(try kinds("a") == [.number, .object, .string, .array])
        #expect(try kinds("e").isEmpty)
        #expect(try kinds("n").isEmpty)
    }

    @Test func `a range of a larger array is scanned alone`() throws {
        let bytes = Array(#"data: {"a":1}xx"#.utf8)
        #expect(try JSONFields(scanning: bytes, in: 6..<13).integer("a") == 1)
        let error = #expect(throws: JSONSyntaxError.self) { try JSONFields(scanning: bytes, in: 6..<12) }
        #expect(error == JSONSyntaxError(offset: 12, reason: .truncated))
    }

    @Test func `an error says where and what in words`() {
        let error = #expect(throws: JSONSyntaxError.self) {
            try JSONFields(scanning: Array(#"{"model":"a" "b":1}"#.utf8))
        }
        #expect(error.map(String.init(describing:)) == "byte 13: a comma or } is missing")
    }
}
