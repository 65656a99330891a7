/// What the trial of the runtime used, to the byte: a chat request of 414 and a reply of 735.
enum Samples {
    static let request = Array(
        #"""
        {"model":"chat","messages":[{"role":"system","content":"You are a helpful assistant."},\#
        {"role":"user","content":"Explain in three sentences why a railway signal box needs \#
        interlocking, and say what happened before it was invented, in words that a child of ten \#
        understands."}],"temperature":0.7,"max_tokens":256,"top_p":1,"stream":false,"user":"tenant-123",\#
        "metadata":{"session":"5b0c6b1e7","trace":"4bf92f3577b3"}}
        """#.utf8)

    static let reply = Array(
        #"""
        {"id":"chatcmpl-9f2c","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini",\#
        "choices":[{"index":0,"message":{"role":"assistant","content":"Before interlocking, a signalman \#
        could set two trains on the same track, because nothing tied the levers for the points to the \#
        levers for the signals. An interlocking is a set of bars that slide and block each other, so \#
        that a lever which would cause a collision cannot be pulled at all. That is why: people do forget.",\#
        "refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":42,\#
        "completion_tokens":87,"total_tokens":129,"prompt_tokens_details":{"cached_tokens":0},\#
        "completion_tokens_details":{"reasoning_tokens":0}},"system_fingerprint":"fp_44709d6fcb"}
        """#.utf8)

    static let event = Array(
        #"""
        data: {"id":"chatcmpl-9f2c","object":"chat.completion.chunk","created":1700000000,\#
        "model":"gpt-4o-mini","system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,\#
        "delta":{"content":" interlocking"},"logprobs":null,"finish_reason":null}]}


        """#.utf8)

    static let russian = Array(#"{"content":"\#(String(repeating: "Стрелочный пост ", count: 40))"}"#.utf8)
}
