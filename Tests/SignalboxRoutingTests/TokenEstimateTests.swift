import SignalboxCore
import SignalboxRouting
import Testing

@Suite struct TokenEstimateTests {
    @Test(arguments: TokenSample.all)
    func `what a tokenizer counts is met within a fifth`(sample: TokenSample) {
        // Four tokens around a message and three around the conversation, as OpenAI says.
        let counted = sample.tokens + 7
        let estimate = estimate(message(json(sample.text)))
        #expect(abs(estimate - counted) * 5 <= counted, "\(estimate) for \(counted)")
    }

    @Test(arguments: TokenSample.all)
    func `text counts the same however its JSON is escaped`(sample: TokenSample) {
        let escaped = escape(sample.text)
        #expect(estimate(message(escaped)) == estimate(message(json(sample.text))))
    }

    @Test func `messages, instructions and tools count, in each dialect`() {
        let text = json(TokenSample.all[0].text)
        let bodies = [
            message(text),
            #"{"system":"\#(text)","messages":[]}"#,
            #"{"system":[{"type":"text","text":"\#(text)"}]}"#,
            #"{"tools":[{"name":"f","description":"\#(text)"}]}"#,
            #"{"contents":[{"parts":[{"text":"\#(text)"}]}]}"#,
            #"{"input":"\#(text)"}"#,
            #"{"prompt" : [ "\#(text)" ]}"#,
        ]
        for body in bodies {
            #expect(abs(estimate(body) - 80) <= 20, "\(body.prefix(40)): \(estimate(body))")
        }
    }

    @Test func `what is not part of the prompt counts nothing`() {
        let text = json(TokenSample.all[0].text)
        #expect(estimate(#"{"model":"\#(text)","metadata":{"messages":"\#(text)"},"user":"\#(text)"}"#) == 0)
        #expect(estimate("{}") == 0)
        #expect(estimate("") == 0)
        let plain = message(text)
        let more = plain.dropLast() + #","metadata":{"note":"\#(text)"}}"#
        #expect(estimate(String(more)) == estimate(plain))
    }

    @Test(
        arguments: [
            #"{"type":"image_url","image_url":{"url":"data:image/png;base64,@"}}"#,
            #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"@"}}"#,
            #"{"inline_data":{"mime_type":"image/png","data":"@"}}"#,
            #"{"type":"image_url","image_url":{"url":"https://example.com/signal.png"}}"#,
        ])
    func `an image counts as an image, however many bytes it has`(part: String) {
        let bytes = String(repeating: "iVBORw0KGgo", count: 1_000)
        let image = part.replacing("@", with: bytes)
        let estimate = estimate(#"{"messages":[{"role":"user","content":[\#(image)]}]}"#)
        let isPlausible = TokenEstimate.mediaTokens...TokenEstimate.mediaTokens + 40 ~= estimate
        #expect(isPlausible, "\(estimate)")
    }

    @Test func `a long text that a tool calls data is a text`() {
        let text = String(repeating: "signal box ", count: 200)
        #expect(estimate(#"{"messages":[{"content":{"data":"\#(text)"}}]}"#) > 400)
    }

    @Test func `whatever the bytes, the estimate is bounded by them`() {
        var random = FastRandom(seed: 11)
        let alphabet = Array(#"{}[]":,\u0aZé\n messages data:http"#.utf8) + [0x80, 0xD0, 0xFF, 0]
        for _ in 0..<3_000 {
            let noise = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            for bytes in [noise, Array(#"{"messages":["#.utf8) + noise] {
                let estimate = TokenEstimate.promptTokens(inBody: bytes)
                // An image's address may be short.
                let isBounded =
                    0...3 + bytes.count * 5 + bytes.count / 5 * TokenEstimate.mediaTokens ~= estimate
                #expect(isBounded, "\(estimate) of \(bytes)")
            }
        }
    }

    @Test func `a body that is cut anywhere is counted as far as it goes`() {
        let body = Array(message(escape(TokenSample.all[1].text)).utf8)
        var last = 0
        for end in body.indices {
            let estimate = TokenEstimate.promptTokens(inBody: Array(body[..<end]))
            // An escape that is cut counts as another character.
            #expect(estimate >= last - 3)
            last = max(last, estimate)
        }
    }

    private func estimate(_ body: String) -> Int {
        TokenEstimate.promptTokens(inBody: Array(body.utf8))
    }

    private func message(_ content: String) -> String {
        #"{"model":"m","messages":[{"role":"user","content":"\#(content)"}]}"#
    }

    private func json(_ text: String) -> String {
        text.replacing(#"\"#, with: #"\\"#).replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// With everything that is not ASCII as `\u`.
    private func escape(_ text: String) -> String {
        json(text).utf16.map { unit in
            if unit < 0x80 { return String(UnicodeScalar(UInt8(unit))) }
            let digits = String(unit, radix: 16)
            return #"\u"# + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }
}
