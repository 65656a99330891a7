import SignalboxCore
import SignalboxHTTP
import SignalboxTesting

/// A promise that did not hold, and for which bytes.
struct Violation {
    let promise: String
    let input: [UInt8]
}

enum FuzzTarget: String {
    case json, sse

    /// Nil if everything promised of the input that `seed` makes is true.
    func violation(seed: UInt64) -> Violation? {
        switch self {
        case .json: jsonViolation(seed: seed)
        case .sse: eventsViolation(seed: seed)
        }
    }

    private func jsonViolation(seed: UInt64) -> Violation? {
        var sample = JSONSample(seed: seed)
        let valid = Array(sample.object().utf8)
        guard let fields = fields(valid) else {
            return Violation(promise: "a valid object is accepted", input: valid)
        }
        guard Set(fields.all.map(\.name)) == JSONOracle.memberNames(valid) else {
            return Violation(promise: "its members are found", input: valid)
        }
        var splice = JSONSplice(fields)
        splice.set("model0", to: .string("m\"\u{1}é"))
        splice.remove("stream1")
        let edited = self.fields(splice.build())
        guard edited?.string("model0") == "m\"\u{1}é", edited?["stream1"] == nil else {
            return Violation(promise: "what is spliced in is found again", input: valid)
        }
        let damaged = sample.damaged(valid)
        let isAccepted = self.fields(damaged) != nil
        if JSONOracle.isStrict(about: damaged), isAccepted != JSONOracle.accepts(damaged) {
            return Violation(promise: "the verdict is Foundation's", input: damaged)
        }
        return nil
    }

    private func fields(_ bytes: [UInt8]) -> JSONFields? {
        try? JSONFields(scanning: bytes)
    }

    private func eventsViolation(seed: UInt64) -> Violation? {
        var random = FastRandom(seed: seed)
        let pieces = [
            "data:", "data: ", "data", "event: x", "id: 1", "retry: 5", ":", "text", "é", "\r", "\n", "\r\n",
            "\n\n",
            "\r\n\r\n", "\u{FEFF}", "\u{0}", " ", "{\"a\":1}",
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0..<40, using: &random) {
            text += pieces.randomElement(using: &random) ?? ""
        }
        var bytes = Array(text.utf8)
        if !bytes.isEmpty, Bool.random(using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                in: .min ... .max, using: &random)
        }
        var chunks: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(Int.random(in: 0...9, using: &random))
            chunks.append(Array(chunk))
            rest = rest.dropFirst(chunk.count)
        }
        guard events([bytes]) == events(chunks), events([bytes]) == events(bytes.map { [$0] }) else {
            return Violation(promise: "chunks do not matter", input: bytes)
        }
        return nil
    }

    private func events(_ chunks: [[UInt8]]) -> [ServerSentEvent]? {
        var decoder = ServerSentEvents(eventBytesMax: 1 << 16)
        var events: [ServerSentEvent] = []
        do throws(ServerSentEventsError) {
            for chunk in chunks {
                decoder.push(chunk)
                while let event = try decoder.next() { events.append(event) }
            }
        } catch {
            return nil
        }
        return events
    }
}
