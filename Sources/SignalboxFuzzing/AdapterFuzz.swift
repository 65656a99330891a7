import SignalboxCore
import SignalboxProviders
import SignalboxTesting

/// What vendors answer, to each kind's adapter: whole replies with their heads, streams, tokens.
enum AdapterFuzz {
    static let targets =
        FuzzSubject.all.map(replies) + FuzzSubject.all.map(streams)
        + FuzzSubject.all.compactMap(embeddings) + FuzzSubject.all.compactMap(tokens)

    private static let words =
        FuzzRequests.names + FuzzRequests.values + [
            "\"error\":", "\"usage\":", "\"choices\":", "\"content\":", "\"type\":", "\"code\":",
            "\"model\":",
            "\"message\":", "\"delta\":", "\"tool_calls\":", "\"index\":", "\"finish_reason\":",
            "data: [DONE]\n\n", "event: error\n", "data:",
        ]

    // MARK: Whole replies

    /// The number of the sample that it answers, its status, its header, its body.
    private static func written(
        _ number: Int, of samples: [FuzzSubject.Sample], _ mutation: inout FuzzMutation
    ) -> [UInt8] {
        let sample = samples[number]
        let keepsStatus = Bool.random(using: &mutation.random)
        let status = keepsStatus ? sample.status : .random(in: 100...599, using: &mutation.random)
        let headers = sample.headers.merging(FuzzRequests.headers(&mutation)) { _, new in new }
        return [UInt8(number)] + Array("\(status)\n".utf8) + FuzzInput.written(headers) + sample.body
    }

    private static func read(
        _ input: [UInt8], of samples: [FuzzSubject.Sample]
    ) -> (call: ChatCall, reply: WholeReply)? {
        var input = FuzzInput(input)
        guard let call = input.choice(of: samples)?.call else { return nil }
        let status = input.line().flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 200
        let headers = HeaderBlock(input.headers())
        let reply = WholeReply(
            status: (100...599).contains(status) ? status : 200, headers: headers, body: input.bytes,
            receivedAt: ProviderConformance.now, requestID: "fuzz")
        return (call, reply)
    }

    private static func replies(to subject: FuzzSubject) -> FuzzTarget {
        FuzzTarget("replies:\(subject.kind.rawValue)", words: words) { mutation in
            written(mutation.index(of: subject.replies), of: subject.replies, &mutation)
        } brokenPromise: { input in
            read(input, of: subject.replies).flatMap { call, reply in
                brokenByLimits(subject.suite.adapter.limits(in: reply.headers, at: reply.receivedAt))
                    ?? broken(by: subject.suite.adapter.judge(reply, to: call), input)
            }
        }
    }

    private static func broken(
        by judgement: Result<JudgedReply, UpstreamFailure>, _ input: [UInt8]
    ) -> String? {
        switch judgement {
        case .success(let judged):
            let words = (judged.summary.model ?? "") + (judged.summary.finishReason ?? "")
            guard FuzzBound.holds(words.utf8.count + (judged.body?.count ?? 0), from: input) else {
                return "what is made of a reply is bounded"
            }
            if let body = judged.body, !JSONFuzz.isObject(body) {
                return "a translated answer is a JSON object"
            }
            return broken(by: judged.summary)
        case .failure(let failure): return broken(by: failure, input)
        }
    }

    private static func broken(by failure: UpstreamFailure, _ input: [UInt8]) -> String? {
        let size =
            failure.message.utf8.count + (failure.code?.utf8.count ?? 0) + (failure.errorObject?.count ?? 0)
        guard FuzzBound.holds(size, from: input) else { return "what is told of a failure is bounded" }
        let wait = failure.retryAfter ?? .zero
        return wait >= .zero && wait <= RetryAfter.longest ? nil : "a wait of 31 days at most: \(wait)"
    }

    /// A count may be put together from four others.
    private static func broken(by summary: ReplySummary) -> String? {
        guard let usage = summary.usage else { return nil }
        let counts = [
            usage.promptTokens, usage.completionTokens, usage.cachedTokens, usage.cacheWriteTokens,
            usage.reasoningTokens,
        ]
        return counts.allSatisfy { 0...4 * TokenUsage.countMax ~= $0 }
            ? nil : "counts are believable: \(usage)"
    }

    private static func brokenByLimits(_ limits: RateLimits) -> String? {
        let instants = [limits.requests?.resetsAt, limits.tokens?.resetsAt].compactMap(\.self)
        let latest = WallTime(nanosecondsSince1970: 9_000_000_000_000_000_000)
        return instants.allSatisfy { $0 <= latest } ? nil : "a limit is reset before the year 2256"
    }

    // MARK: Streams

    private static func streams(from subject: FuzzSubject) -> FuzzTarget {
        FuzzTarget("streams:\(subject.kind.rawValue)", words: words) { mutation in
            let number = mutation.index(of: subject.streams)
            return [UInt8(number)] + subject.streams[number].body
        } brokenPromise: { input in
            var rest = FuzzInput(input)
            guard let call = rest.choice(of: subject.streams)?.call else { return nil }
            return broken(byStream: rest.bytes, of: call, subject)
        }
    }

    private static func broken(byStream bytes: [UInt8], of call: ChatCall, _ subject: FuzzSubject) -> String?
    {
        var mutation = FuzzMutation(choosingFor: bytes)
        let whole = subject.suite.read([bytes], of: call)
        guard whole == subject.suite.read(mutation.chunks(of: bytes), of: call),
            whole == subject.suite.read(bytes.map { [$0] }, of: call)
        else { return "chunks do not matter" }
        let events = whole.deltas.count + whole.malformed + 1
        let written = whole.payloads.reduce(0) { $0 + $1.count }
        guard FuzzBound.holds(written, from: bytes, envelopes: events) else { return "a stream is bounded" }
        guard whole.payloads.allSatisfy(JSONFuzz.isObject) else { return "every payload is a JSON object" }
        return whole.failure.flatMap { broken(by: $0, bytes) } ?? broken(by: whole.summary)
    }

    // MARK: Embeddings and tokens

    private static func embeddings(from subject: FuzzSubject) -> FuzzTarget? {
        guard let sample = subject.embeddings else { return nil }
        return FuzzTarget("embeddings:\(subject.kind.rawValue)", words: words) { mutation in
            written(0, of: [sample], &mutation)
        } brokenPromise: { input in
            guard let (call, reply) = read(input, of: [sample]) else { return nil }
            let judgement = subject.suite.adapter.judge(reply, to: call)
            if case .success(let judged) = judgement, let body = judged.body,
                let vectors = JSONFuzz.parsed(body)?["data"]?.elements, vectors.count != subject.textsEmbedded
            {
                return "as many vectors as texts: \(vectors.count)"
            }
            return broken(by: judgement, input)
        }
    }

    private static func tokens(for subject: FuzzSubject) -> FuzzTarget? {
        guard let session = subject.suite.adapter.session(for: Secret("key")) else { return nil }
        let answers = [
            #"{"access_token":"abc.def-1","expires_at":1750001800000}"#, #"{"tok":"t","exp":1750001800}"#,
            #"{"code":7,"message":"scope from db not fully includes consumed scope"}"#,
            #"{"code":6,"message":"credentials doesn't match db data"}"#,
        ]
        return FuzzTarget("tokens:\(subject.kind.rawValue)", words: words + ["access_token", "expires_at"]) {
            mutation in
            let head = mutation.pick(["200", "200", "400", "401", "429", "500"]) + "\n"
            return Array(head.utf8) + FuzzInput.written(FuzzRequests.headers(&mutation))
                + Array(mutation.pick(answers).utf8)
        } brokenPromise: { input in
            guard let (_, reply) = read([0] + input, of: subject.replies) else { return nil }
            switch session.judge(reply) {
            case .token(let token, _):
                let isHeader = token.reveal().utf8.allSatisfy { 0x21...0x7E ~= $0 }
                return isHeader && !token.reveal().isEmpty ? nil : "a token can stand in a header"
            case .otherBody(let failure), .failure(let failure): return broken(by: failure, input)
            }
        }
    }
}

/// How much may come out: so many times the bytes that went in, and so many more for each event.
enum FuzzBound {
    private static let (factor, envelopeBytes) = (8, 4_096)

    static func holds(_ count: Int, from input: [UInt8], envelopes: Int = 1) -> Bool {
        count <= factor * input.count + envelopes * envelopeBytes
    }
}
