// Prints nanoseconds per operation of the hot paths: swift run -c release signalbox-microbench
import SignalboxCore

func measure(_ name: String, bytes: Int, rounds: Int = 300_000, _ body: () -> Int) {
    var best = Double.infinity
    var checksum = 0
    for _ in 0..<7 {
        let clock = SystemTime()
        let start = clock.now()
        for _ in 0..<rounds { checksum &+= body() }
        best = min(best, clock.now().seconds(since: start) * 1e9 / Double(rounds))
    }
    let perByte = best / Double(bytes)
    let figures = "\((best * 10).rounded() / 10) ns, \((perByte * 100).rounded() / 100) ns/byte of \(bytes)"
    print("\(name): \(figures) (\(checksum & 1))")
}

let request = Array(
    (#"{"model":"chat","messages":[{"role":"system","content":"You are a helpful assistant."},"#
        + #"{"role":"user","content":"Explain in three sentences why a railway signal box needs interlocking, "#
        + #"and say what happened before it was invented, in words that a child of ten understands."}],"#
        + #""temperature":0.7,"max_tokens":256,"top_p":1,"stream":false,"user":"tenant-123","#
        + #""metadata":{"session":"5b0c6b1e-7f0e-4a53-a6e3","trace":"4bf92f3577b34da6a3ce929d0e0e4736"}}"#)
        .utf8)
let reply = Array(
    (#"{"id":"chatcmpl-9f2c","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini","#
        + #""choices":[{"index":0,"message":{"role":"assistant","content":"Before interlocking, a signalman could "#
        + #"set two trains on the same track, because nothing tied the levers for the points to the levers for the "#
        + #"signals. An interlocking is a set of bars that slide and block each other, so that a lever which would "#
        + #"cause a collision cannot be pulled at all. That is why the box needs it: people forget, bars do not.","#
        + #""refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":42,"#
        + #""completion_tokens":87,"total_tokens":129,"prompt_tokens_details":{"cached_tokens":0},"#
        + #""completion_tokens_details":{"reasoning_tokens":0}},"system_fingerprint":"fp_44709d6fcb"}"#).utf8)
let russian = Array(#"{"content":"\#(String(repeating: "Стрелочный пост ", count: 40))"}"#.utf8)

func scan(_ bytes: [UInt8]) -> Int {
    do throws(JSONSyntaxError) { return try JSONFields(scanning: bytes).count } catch { return -1 }
}

measure("scan request", bytes: request.count) { scan(request) }
measure("scan reply", bytes: reply.count) { scan(reply) }
measure("scan Russian", bytes: russian.count) { scan(russian) }
do {
    let fields = try JSONFields(scanning: request)
    measure("look up model, stream", bytes: request.count) {
        (fields.string("model")?.utf8.count ?? 0) + (fields.bool("stream") == true ? 1 : 0)
    }
    measure("splice model", bytes: request.count) {
        var splice = JSONSplice(fields)
        splice.set("model", to: .string("openai/gpt-oss-120b"))
        return splice.build().count
    }
} catch {
    print("the sample is not JSON: \(error)")
}
