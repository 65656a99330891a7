// Prints nanoseconds per operation of the hot paths: swift run -c release signalbox-microbench
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxRouting

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

let request = Samples.request
let reply = Samples.reply
let russian = Samples.russian

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

let chunk = Samples.event
let adapter = OpenAICompatibleAdapter(baseURL: "http://x")
let call = ChatCall(
    body: request, fields: try JSONFields(scanning: request), model: "m", operation: .chatStream)
var decoder = adapter.streamDecoder(for: call, StreamOpening(receivedAt: SystemTime().wallTime()))
measure("stream decoder, one chunk", bytes: chunk.count) {
    decoder.decode(chunk, in: 6..<chunk.count - 2) == .forward(hasDelta: true) ? 1 : 0
}
measure("server-sent event", bytes: chunk.count) {
    var events = ServerSentEvents()
    events.push(chunk)
    do throws(ServerSentEventsError) { return try events.next()?.data.count ?? 0 } catch { return -1 }
}
let headers = HeaderBlock()
let civil = SystemTime().wallTime()
measure("judge reply", bytes: reply.count) {
    let whole = WholeReply(status: 200, headers: headers, body: reply, receivedAt: civil)
    return switch adapter.judge(whole, to: call) {
    case .success(let judged): judged.summary.usage?.completionTokens ?? 0
    case .failure: -1
    }
}
let table = CandidateTable([.init(provider: 0, name: "p", models: [.init(name: "m")], keys: ["k"])])
let deadline = Deadline(at: Instant(nanoseconds: .max))
measure("plan, first candidate", bytes: 1) {
    var random = SystemRandomNumberGenerator()
    var plan = AttemptPlan(table, deadline: deadline)
    switch plan.next(after: nil, at: Instant(nanoseconds: 0), random: &random) {
    case .attempt(let candidate, _, _): return candidate.key
    case .wait, .returnToCaller, .stop, .giveUp: return -1
    }
}

measureStanding()
measureDecisions()
try await measureTracing()
