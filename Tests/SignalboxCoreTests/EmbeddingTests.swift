import SignalboxCore
import SignalboxTesting
import Testing

@Suite struct EmbeddingTests {
    private func read(_ text: String) throws -> EmbeddingRequest {
        try EmbeddingRequest(reading: try ChatCall(text: text, operation: .embeddings))
    }

    @Test(
        arguments: [
            (#""a""#, [.text("a")]), (#"["a","b"]"#, [.text("a"), .text("b")]), ("[1,2]", [.tokens([1, 2])]),
            ("[[1],[2,3]]", [.tokens([1]), .tokens([2, 3])]), (#"["a",[7]]"#, [.text("a"), .tokens([7])]),
        ] as [(String, [EmbeddingRequest.Input])])
    func `an input is a text, texts, tokens or lists of tokens`(
        input: String, inputs: [EmbeddingRequest.Input]
    ) throws {
        #expect(try read(#"{"model":"m","input":\#(input)}"#).inputs == inputs)
    }

    @Test func `the options are read, and what nobody knows is kept`() throws {
        let request = try read(
            #"{"input":"a","dimensions":256,"encoding_format":"base64","user":"u","task":"search","x":null}"#)
        #expect(request.dimensions == 256)
        #expect(request.encoding == .base64)
        #expect(request.user == "u")
        #expect(request.extras == [JSONTree.Member("task", "search")])
    }

    @Test(arguments: [
        (#"{"model":"m"}"#, "input"), (#"{"input":[]}"#, "input"), (#"{"input":7}"#, "input"),
        (#"{"input":["a",{}]}"#, "input[1]"), (#"{"input":"a","dimensions":0}"#, "dimensions"),
        (#"{"input":"a","encoding_format":"hex"}"#, "encoding_format"),
        (
            #"{"input":[\#(Array(repeating: #""a""#, count: 2_049).joined(separator: ","))]}"#, "input"
        ),
    ]) func `a request that cannot be read names the field`(text: String, parameter: String) {
        #expect {
            try read(text)
        } throws: {
            ($0 as? UpstreamFailure)?.parameter == parameter
        }
    }

    @Test func `token numbers are no texts`() throws {
        #expect(try read(#"{"input":["a","b"]}"#).texts() == ["a", "b"])
        let tokens = try read(#"{"input":[1,2]}"#)
        #expect(throws: UpstreamFailure.self) { try tokens.texts() }
    }

    @Test func `vectors are written as numbers, or as 32-bit floats in Base64`() {
        let answer = EmbeddingAnswer(
            model: "m", vectors: [[1, -0.5], [1e-05]],
            usage: TokenUsage(promptTokens: 4, completionTokens: 0))
        #expect(
            String(decoding: answer.json(.float), as: UTF8.self)
                == #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.0,-0.5]},"#
                + #"{"object":"embedding","index":1,"embedding":[1e-05]}],"model":"m","#
                + #""usage":{"prompt_tokens":4,"total_tokens":4}}"#)
        let packed = String(decoding: answer.json(.base64), as: UTF8.self)
        #expect(packed.contains(#""embedding":"AACAPwAAAL8=""#))
    }
}
