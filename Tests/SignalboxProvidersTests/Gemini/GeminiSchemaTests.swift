import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct GeminiSchemaTests {
    /// A function's parameters as they are sent; nil where they are left out.
    private func parameters(_ schema: String) throws -> JSONTree? {
        let text =
            #"{"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","#
            + #""function":{"name":"f","description":"d","strict":true,"parameters":\#(schema)}}]}"#
        let adapter = GeminiAdapter(baseURL: "https://example.com")
        let body = try adapter.encode(try ChatCall(text: text), model: "gemini-2.5-flash")
        let tools = try JSONTree(parsing: body)["tools"]?.elements
        let function = tools?.first?["functionDeclarations"]?.elements?.first
        #expect(function?["name"] == "f" && function?["description"] == "d" && function?["strict"] == nil)
        return function?["parameters"]
    }

    /// The schema of one property `p`, cleaned.
    private func cleaned(_ schema: String, _ more: String = "") throws -> String? {
        try parameters(#"{"type":"object","properties":{"p":\#(schema)}\#(more)}"#)?["properties"]?["p"]?.text
    }

    @Test(arguments: [
        (
            #"{"type":"string","minLength":1,"pattern":"^a","description":"d"}"#,
            #"{"type":"string","minLength":1,"pattern":"^a","description":"d"}"#
        ),
        (#"{"type":["string","null"]}"#, #"{"nullable":true,"type":"string"}"#),
        (#"{"type":["string","integer"]}"#, #"{"anyOf":[{"type":"string"},{"type":"integer"}]}"#),
        (#"{"const":"x"}"#, #"{"enum":["x"],"type":"string"}"#),
        (#"{"type":"string","enum":["a",""]}"#, #"{"type":"string","enum":["a"]}"#),
        (#"{"type":"integer","enum":[1,2]}"#, #"{"type":"integer"}"#),
        (#"{"enum":[]}"#, "{}"),
        (
            #"{"oneOf":[{"type":"string"},{"type":"number"}]}"#,
            #"{"anyOf":[{"type":"string"},{"type":"number"}]}"#
        ),
        (#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, #"{"nullable":true,"type":"string"}"#),
        (
            #"{"allOf":[{"type":"object","required":["a"]},{"required":["b"],"#
                + #""properties":{"b":{"type":"string"}}}]}"#,
            #"{"type":"object","required":["a","b"],"properties":{"b":{"type":"string"}}}"#
        ),
        (
            #"{"type":"array","items":{"type":"string","format":"uri","#
                + #""contentEncoding":"x"},"uniqueItems":true}"#,
            #"{"type":"array","items":{"type":"string"}}"#
        ),
        (#"{"type":"string","format":"date-time"}"#, #"{"type":"string","format":"date-time"}"#),
        (#"{"type":"object","additionalProperties":false,"properties":{}}"#, #"{"type":"object"}"#),
        (
            #"{"type":"number","exclusiveMinimum":0,"minimum":1,"multipleOf":2}"#,
            #"{"type":"number","minimum":1}"#
        ),
        ("true", #"{"type":"object"}"#),
    ]) func `a schema is written in the words that Gemini knows`(schema: String, sent: String) throws {
        #expect(try cleaned(schema) == sent)
    }

    @Test func `references are written out where they stand, and their own words win`() throws {
        let definitions = ##","$defs":{"a":{"type":"string","title":"A"},"b":{"$ref":"#/$defs/a"}}"##
        #expect(
            try cleaned(##"{"$ref":"#/$defs/b","title":"mine"}"##, definitions)
                == ##"{"title":"mine","type":"string"}"##)
        #expect(
            try cleaned(##"{"$ref":"#/definitions/d"}"##, #","definitions":{"d":{"type":"number"}}"#)
                == #"{"type":"number"}"#)
    }

    @Test func `a schema that contains itself ends as an object of any kind`() throws {
        let tree = ##"{"type":"object","properties":{"l":{"$ref":"#/$defs/t"},"r":{"$ref":"#/$defs/t"}}}"##
        #expect(
            try cleaned(##"{"$ref":"#/$defs/t"}"##, #","$defs":{"t":\#(tree)}"#)
                == #"{"type":"object","properties":{"l":{"type":"object"},"r":{"type":"object"}}}"#)
        #expect(try cleaned(##"{"$ref":"#"}"##) == #"{"type":"object"}"#)
        #expect(
            try cleaned(##"{"allOf":[{"$ref":"#/$defs/x"}]}"##, ##","$defs":{"x":{"$ref":"#/$defs/x"}}"##)
                != nil)
    }

    @Test func `references that would grow without end are refused`() throws {
        // Each level has two of the next: 2^20 parts from a few hundred bytes.
        let levels = (0..<20).map { level in
            let next = ##"{"$ref":"#/$defs/l\##(level + 1)"}"##
            return #""l\#(level)":{"type":"object","properties":{"a":\#(next),"b":\#(next)}}"#
        }
        let definitions = ",\"$defs\":{\(levels.joined(separator: ",")),\"l20\":{\"type\":\"string\"}}"
        let failure = #expect(throws: UpstreamFailure.self) {
            try cleaned(##"{"$ref":"#/$defs/l0"}"##, definitions)
        }
        #expect(failure?.parameter == "tools[0].function.parameters")
    }

    @Test func `a function without parameters has none`() throws {
        #expect(try parameters(#"{"type":"object","properties":{}}"#) == nil)
        #expect(try parameters(#"{"type":"object"}"#) == nil)
    }
}
