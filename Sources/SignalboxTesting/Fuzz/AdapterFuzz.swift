import SignalboxCore
import SignalboxProviders

enum AdapterFuzz {
    /// How much may come out: so many times the bytes that went in, and so many more for each event.
    private static let (factor, envelopeBytes) = (8, 4_096)

    private static func subject(_ mutation: inout FuzzMutation) -> FuzzSubject? {
        FuzzSubject.all.randomElement(using: &mutation.random)
    }

    // MARK: Requests

    static func conversation(seed: UInt64) -> Violation? {
        var mutation = FuzzMutation(seed: seed)
        let input = mutation.mutated(
            Array((FuzzRequests.all.randomElement(using: &mutation.random) ?? "").utf8))
        guard let call = call(input), let subject = subject(&mutation) else { return nil }
        do throws(UpstreamFailure) {
            let conversation = try Conversation(reading: call)
            guard !conversation.messages.isEmpty, conversation.messages.count <= input.count else {
                return Violation(promise: "as many messages as there can be", input: input)
            }
        } catch {
            guard isRefusal(error) else {
                return Violation(promise: "a refusal names the field: \(error)", input: input)
            }
        }
        let name = "\(subject.kind.rawValue): "
        do throws(UpstreamFailure) {
            let body = try subject.suite.adapter.encode(call, model: "m")
            guard JSONFuzz.parsed(body)?.members != nil else {
                return Violation(promise: name + "what is sent is a JSON object", input: input)
            }
            guard body.count <= factor * input.count + envelopeBytes else {
                return Violation(promise: name + "what is sent is bounded", input: input)
            }
        } catch {
            guard isRefusal(error) else {
                return Violation(promise: name + "a refusal names the field: \(error)", input: input)
            }
        }
        return nil
    }

    private static func call(_ bytes: [UInt8]) -> ChatCall? {
        do throws(JSONSyntaxError) {
            let fields = try JSONFields(scanning: bytes)
            return ChatCall(
                body: bytes, fields: fields, model: fields.string("model") ?? "",
                isStreaming: fields.bool("stream") ?? false)
        } catch {
            return nil
        }
    }

    /// A field's name may be empty, and then so is what names it.
    private static func isRefusal(_ failure: UpstreamFailure) -> Bool {
        failure.kind == .invalidRequest && failure.status == 400 && failure.parameter != nil
    }

    // MARK: Whole replies

    static func reply(seed: UInt64) -> Violation? {
        var mutation = FuzzMutation(seed: seed)
        guard let subject = subject(&mutation),
            let sample = subject.replies.randomElement(using: &mutation.random)
        else { return nil }
        let input = mutation.mutated(sample.body)
        let keepsStatus = Bool.random(using: &mutation.random)
        let headers = HeaderBlock(
            sample.headers.merging(FuzzRequests.headers(&mutation)) { _, new in new })
        let reply = WholeReply(
            status: keepsStatus ? sample.status : .random(in: 100...599, using: &mutation.random),
            headers: headers, body: input, receivedAt: ProviderConformance.now, requestID: "fuzz")
        let name = "\(subject.kind.rawValue): "
        _ = subject.suite.adapter.limits(in: headers, at: ProviderConformance.now)
        let judgement = subject.suite.adapter.judge(reply, to: sample.call)
        guard size(of: judgement) <= factor * input.count + envelopeBytes else {
            return Violation(promise: name + "what is made of a reply is bounded", input: input)
        }
        switch judgement {
        case .success(let judged):
            guard let body = judged.body, JSONFuzz.parsed(body)?.members == nil else { return nil }
            return Violation(promise: name + "a translated answer is a JSON object", input: input)
        case .failure(let failure):
            let wait = failure.retryAfter ?? .zero
            guard wait >= .zero, wait <= .seconds(31 * 86_400 + 1) else {
                return Violation(promise: name + "a wait of 31 days at most: \(wait)", input: input)
            }
            return nil
        }
    }

    private static func size(of judgement: Result<JudgedReply, UpstreamFailure>) -> Int {
        switch judgement {
        case .success(let judged):
            (judged.body?.count ?? 0) + (judged.summary.model?.utf8.count ?? 0)
                + (judged.summary.finishReason?.utf8.count ?? 0)
        case .failure(let failure):
            failure.message.utf8.count + (failure.code?.utf8.count ?? 0) + (failure.errorObject?.count ?? 0)
        }
    }

    // MARK: Streams

    static func stream(seed: UInt64) -> Violation? {
        var mutation = FuzzMutation(seed: seed)
        guard let subject = subject(&mutation),
            let sample = subject.streams.randomElement(using: &mutation.random)
        else { return nil }
        let input = mutation.mutated(sample.body)
        let name = "\(subject.kind.rawValue): "
        let whole = subject.suite.read([input], of: sample.call)
        let isSame =
            whole == subject.suite.read(mutation.chunks(of: input), of: sample.call)
            && whole == subject.suite.read(input.map { [$0] }, of: sample.call)
        guard isSame else { return Violation(promise: name + "chunks do not matter", input: input) }
        let events = whole.deltas.count + whole.malformed + 1
        let written = whole.payloads.reduce(0) { $0 + $1.count }
        guard written <= factor * input.count + events * envelopeBytes else {
            return Violation(promise: name + "a stream is bounded", input: input)
        }
        guard whole.payloads.allSatisfy({ JSONFuzz.parsed($0)?.members != nil }) else {
            return Violation(promise: name + "every payload is a JSON object", input: input)
        }
        return nil
    }
}
