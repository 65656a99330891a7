import SignalboxCore
import SignalboxTesting
import Testing

@Suite struct JSONTreeTests {
    @Test(arguments: [
        #"{"b":1.50,"a":-0,"c":1e+05,"b":[true,false,null,{}],"":"é\"\\\n"}"#, "12345678901234567890.10",
        "[]",
        #""plain""#,
    ])
    func `numbers keep their spelling and members their order`(text: String) throws {
        #expect(try JSONTree(parsing: Array(text.utf8)).text == text)
    }

    @Test func `of two members of a name the last one counts`() throws {
        let tree = try JSONTree(parsing: Array(#"{"a":1,"\u0061":"two"}"#.utf8))
        #expect(tree["a"] == "two" && tree.members?.count == 2 && tree["b"] == nil)
    }

    @Test func `nesting is bounded`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(try JSONTree(parsing: nested(JSONFields.depthLimit)).elements?.count == 1)
        #expect(throws: JSONSyntaxError.self) { try JSONTree(parsing: nested(JSONFields.depthLimit + 1)) }
    }

    @Test(arguments: ["", "{", "[1,]", "1 2", #"{"a"}"#, "nul", "01", "[1"])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONTree(parsing: Array(text.utf8)) }
    }

    @Test func `a number that does not fit is no integer, and none that is not finite is written`() throws {
        let tree = try JSONTree(parsing: Array("[9223372036854775808,1.0,7]".utf8))
        #expect(tree.elements?.map(\.integer) == [nil, nil, 7])
        #expect(JSONTree.double(.infinity) == .null && JSONTree.double(0.5).text == "0.5")
    }

    @Test func `counts whose sum does not fit are written all the same`() {
        let usage = TokenUsage(promptTokens: .max, completionTokens: 1)
        #expect(usage.tree["total_tokens"]?.integer == .max)
    }

    @Test func `whatever is parsed, written and parsed again is the same`() throws {
        for seed in UInt64(1)...200 {
            var sample = JSONSample(seed: seed)
            let tree = try JSONTree(parsing: Array(sample.object().utf8))
            #expect(try JSONTree(parsing: tree.json) == tree)
        }
    }
}
