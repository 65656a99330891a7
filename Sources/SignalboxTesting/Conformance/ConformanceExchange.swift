package import SignalboxCore
import SignalboxHTTP

/// A reply as it would come over the network.
struct PlayedReply {
    enum End {
        case clean, cut, silent
    }

    var status = 0
    var headers = HeaderBlock()
    var chunks: [[UInt8]] = []
    var end = End.clean

    var body: [UInt8] { Array(chunks.joined()) }

    init(_ script: ReplyScript) {
        for step in script.steps {
            switch step {
            case .wait: break
            case .head(let status, let fields):
                self.status = status
                headers = HeaderBlock(fields)
            case .bytes(let bytes): chunks.append(bytes)
            case .cut: end = .cut
            case .stall: end = .silent
            }
            if end != .clean { return }
        }
    }
}

extension ProviderConformance {
    /// One call, made and answered.
    struct Exchange {
        let call: ChatCall
        let reply: PlayedReply
        /// What the fake must have answered.
        let expected: FakeAnswer
    }

    /// Sends a call to the fake as the adapter wants it sent.
    /// - Throws: ``UpstreamFailure`` where the adapter refuses the call itself.
    func exchange(
        _ asked: ConformanceCall, key: FakeKey? = .good
    ) throws(UpstreamFailure) -> Exchange {
        let call = try asked.made()
        let turn = FakeTurn(try Conversation(reading: call))
        return Exchange(
            call: call, reply: PlayedReply(try send(call, to: fake.name(of: asked.model), key: key)),
            expected: fake.answer(to: turn, as: asked.model))
    }

    package func send(_ call: ChatCall, to model: String, key: FakeKey?) throws(UpstreamFailure)
        -> ReplyScript
    {
        let body = try adapter.encode(call, model: model)
        let secret = key.map(fake.secret(for:))
        guard let target = adapter.target(call.operation, model: model, key: secret) else {
            throw UpstreamFailure(.modelNotFound, message: "the adapter has no address for it")
        }
        switch target {
        case .script(let script): return script(call)
        case .embedder: throw UpstreamFailure(.unreachable, message: "the embedding program calls itself")
        case .http(let url, var headers):
            if let session = adapter.session(for: secret) {
                let answer = try token(from: session)
                guard let token = answer.token else { return answer.reply }
                headers.append(session.authorization(token))
            }
            return try ask(url, headers: headers, body: body)
        }
    }

    /// Asks for a token as the router does, with one body after the other.
    private func token(
        from session: any TokenSession
    ) throws(UpstreamFailure) -> (token: Secret?, reply: ReplyScript) {
        var last = ReplyScript(steps: [])
        for body in session.bodies {
            var headers = session.headers
            if let name = session.requestIDHeader {
                headers.append((name, Secret("00000000-0000-4000-8000-000000000000")))
            }
            last = try ask(session.url, headers: headers, body: body)
            let played = PlayedReply(last)
            let whole = WholeReply(
                status: played.status, headers: played.headers, body: played.body, receivedAt: Self.now)
            switch session.judge(whole) {
            case .token(let token, _): return (token, last)
            case .otherBody: continue
            case .failure: return (nil, last)
            }
        }
        return (nil, last)
    }

    private func ask(
        _ url: String, headers: [(name: String, value: Secret)], body: [UInt8]
    ) throws(UpstreamFailure) -> ReplyScript {
        guard let request = FakeRequest(url: url, headers: headers, body: body) else {
            throw UpstreamFailure(.unreachable, message: "\(url) is not below \(Self.origin)")
        }
        return fake.reply(to: request)
    }

    func judge(_ exchange: Exchange) -> Result<JudgedReply, UpstreamFailure> {
        adapter.judge(
            WholeReply(
                status: exchange.reply.status, headers: exchange.reply.headers, body: exchange.reply.body,
                receivedAt: Self.now, requestID: "conformance"),
            to: exchange.call)
    }

    /// Whether the router would read the reply as a stream.
    func isStream(_ reply: PlayedReply) -> Bool {
        guard reply.status == 200 else { return false }
        switch adapter.framing {
        case .serverSentEvents:
            return reply.headers["content-type"]?.hasPrefix("text/event-stream") == true
        case .jsonLines: return true
        }
    }
}

extension FakeRequest {
    /// As it arrives at the fake; nil for an address elsewhere.
    fileprivate init?(url: String, headers: [(name: String, value: Secret)], body: [UInt8]) {
        guard url.hasPrefix(ProviderConformance.origin) else { return nil }
        let halves = url.dropFirst(ProviderConformance.origin.count).split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var query: [String: String] = [:]
        for pair in halves.dropFirst().first?.split(separator: "&") ?? [] {
            let words = pair.split(separator: "=", maxSplits: 1)
            query[String(words[0])] = words.count > 1 ? String(words[1]) : ""
        }
        let fields = Dictionary(
            headers.map { ($0.name.lowercased(), $0.value.reveal()) }, uniquingKeysWith: { $1 })
        self.init(path: String(halves[0]), query: query, headers: fields, body: body)
    }
}

/// What the caller sees of a stream, and how it ended.
package struct StreamReading: Equatable {
    /// Payloads in OpenAI's dialect.
    package var payloads: [[UInt8]] = []
    /// For each event that was passed on, whether it was said to carry content.
    package var deltas: [Bool] = []
    package var malformed = 0
    package var failure: UpstreamFailure?
    package var isDone = false
    package var isCompleteWithoutTerminator = false
    package var summary = ReplySummary()

    package var isWhole: Bool { failure == nil && (isDone || isCompleteWithoutTerminator) }
}

extension ProviderConformance {
    /// Reads a stream as the router does: chunks to events, events to the decoder.
    package func read(_ chunks: [[UInt8]], of call: ChatCall) -> StreamReading {
        var reading = StreamReading()
        var decoder = adapter.streamDecoder(
            for: call, StreamOpening(receivedAt: Self.now, requestID: "conformance"))
        for event in events(in: chunks) {
            take(decoder.decode(event.bytes, in: event.data), of: event, into: &reading)
            if reading.isDone || reading.failure != nil { break }
        }
        reading.summary = decoder.summary
        reading.isCompleteWithoutTerminator = decoder.isCompleteWithoutTerminator
        return reading
    }

    private func take(_ step: StreamStep, of event: ServerSentEvent, into reading: inout StreamReading) {
        switch step {
        case .forward(let hasDelta):
            reading.payloads.append(Array(event.bytes[event.data]))
            reading.deltas.append(hasDelta)
        case .replace(let payloads, let hasDelta):
            reading.payloads += payloads
            reading.deltas.append(hasDelta)
        case .done: reading.isDone = true
        case .last(let payloads):
            reading.payloads += payloads
            reading.deltas.append(!payloads.isEmpty)
            reading.isDone = true
        case .malformed: reading.malformed += 1
        case .failure(let failure): reading.failure = failure
        }
    }

    /// None after a piece that cannot be divided: nothing the suite sends is that long.
    private func events(in chunks: [[UInt8]]) -> [ServerSentEvent] {
        var found: [ServerSentEvent] = []
        do {
            switch adapter.framing {
            case .serverSentEvents:
                var events = ServerSentEvents()
                for chunk in chunks {
                    events.push(chunk)
                    while let event = try events.next() { found.append(event) }
                }
            case .jsonLines:
                var lines = JSONLines()
                for chunk in chunks {
                    lines.push(chunk)
                    while let line = try lines.next() { found.append(line) }
                }
                if let last = lines.end() { found.append(last) }
            }
        } catch {
            return found
        }
        return found
    }
}
