import Foundation
import SignalboxCore
import Testing

@Suite struct ChatWritingTests {
    /// Read by Foundation, not by what is tested beside it.
    private func read(_ bytes: [UInt8]) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? NSDictionary)
    }

    @Test func `an answer is OpenAI's chat completion`() throws {
        let answer = ChatAnswer(
            id: "i", model: "m", created: 5,
            choices: [
                .init(text: "é\"", finish: .stop, reasoning: "hm"),
                .init(
                    text: nil, finish: .toolCalls, refusal: "no",
                    toolCalls: [.init(id: "c", name: "f", arguments: "{\"a\":1}")]),
            ], usage: TokenUsage(promptTokens: 2, completionTokens: 3, cachedTokens: 1, reasoningTokens: 2))
        let expected: NSDictionary = [
            "id": "i", "object": "chat.completion", "created": 5, "model": "m",
            "choices": [
                [
                    "index": 0, "logprobs": NSNull(), "finish_reason": "stop",
                    "message": [
                        "role": "assistant", "content": "é\"", "reasoning_content": "hm", "refusal": NSNull(),
                    ],
                ],
                [
                    "index": 1, "logprobs": NSNull(), "finish_reason": "tool_calls",
                    "message": [
                        "role": "assistant", "content": NSNull(), "refusal": "no",
                        "tool_calls": [
                            [
                                "id": "c", "type": "function",
                                "function": ["name": "f", "arguments": "{\"a\":1}"],
                            ]
                        ],
                    ],
                ],
            ],
            "usage": [
                "prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5,
                "prompt_tokens_details": ["cached_tokens": 1],
                "completion_tokens_details": ["reasoning_tokens": 2],
            ],
        ]
        #expect(try read(answer.json) == expected)
    }

    @Test func `each choice's first delta has the role, and only that one`() throws {
        var chunks = ChatChunks(id: "i", model: "m", created: 5)
        func delta(_ bytes: [UInt8]) throws -> NSDictionary {
            let choices = try #require(try read(bytes)["choices"] as? [NSDictionary])
            return try #require(choices.first?["delta"] as? NSDictionary)
        }
        #expect(try delta(chunks.text("a")) == ["role": "assistant", "content": "a"])
        #expect(try delta(chunks.text("b")) == ["content": "b"])
        #expect(
            try delta(chunks.reasoning("c", choice: 1)) == ["role": "assistant", "reasoning_content": "c"])
        #expect(try delta(chunks.refusal("d")) == ["refusal": "d"])
        #expect(try delta(chunks.finish(.length)) == [:])
        let last = try read(chunks.usage(TokenUsage(promptTokens: 1, completionTokens: 2)))
        #expect(last["choices"] as? [NSDictionary] == [])
        #expect(last["object"] as? String == "chat.completion.chunk")
    }

    @Test func `a tool call comes in pieces of one index`() throws {
        var chunks = ChatChunks(id: "i", model: "m", created: 5)
        let pieces = [
            chunks.toolCall(index: 1, id: "c", name: "f"), chunks.toolArguments(index: 1, "{}"),
        ]
        let calls = try pieces.map { bytes in
            try #require(
                try JSONTree(parsing: bytes)["choices"]?.elements?[0]["delta"]?["tool_calls"]?.elements?[0])
        }
        #expect(calls.map { $0["index"] } == [1, 1] && calls.map { $0["type"] } == ["function", "function"])
        #expect(calls[0]["id"] == "c" && calls[1]["function"]?["arguments"] == "{}")
    }
}
