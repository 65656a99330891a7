import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct ConformanceSuiteTests {
    private func violations(_ spoiling: Spoiling) -> [ProviderConformance.Check] {
        var capabilities = ProviderConformance.Capabilities()
        capabilities.streamUsageUnasked = false
        let suite = ProviderConformance(fake: OpenAIFake(), capabilities: capabilities) {
            SpoiledAdapter(whole: OpenAICompatibleAdapter(baseURL: $0), spoiling: spoiling)
        }
        var checks: [ProviderConformance.Check] = []
        for violation in suite.violations() where !checks.contains(violation.check) {
            checks.append(violation.check)
        }
        return checks
    }

    @Test func `an adapter that does everything right has no violation`() {
        #expect(violations(.nothing).isEmpty)
    }

    @Test(
        arguments: [
            (.usage, [.plainAnswers, .plainTools, .images, .jsonObjects, .embeddings]),
            (.finishReason, [.plainAnswers, .plainTools, .images, .jsonObjects]),
            (.keyRejections, [.failures]),
            (.proxyPages, [.failures, .unreadableReplies]),
            (.images, [.images]),
            (.terminator, [.endings]),
            (.streamErrors, [.errorsInStreams]),
            (.events, [.streamedAnswers, .streamedTools, .endings, .errorsInStreams]),
            (.hiddenUsage, [.streamUsage]),
            (.limits, [.limits]),
            (.offsets, [.splitStreams]),
        ] as [(Spoiling, [ProviderConformance.Check])]
    ) func `what an adapter does wrong is found`(
        spoiling: Spoiling, checks: [ProviderConformance.Check]
    ) {
        #expect(Set(violations(spoiling)) == Set(checks))
    }
}

/// One thing to get wrong.
enum Spoiling: Sendable {
    case nothing, usage, finishReason, keyRejections, proxyPages, images, terminator, streamErrors, events
    /// Passes on the usage that nobody asked for.
    case hiddenUsage
    case limits
    /// Forgets that an event need not begin at its array's first byte.
    case offsets
}

/// A good adapter, but for one thing.
struct SpoiledAdapter: ProviderAdapter {
    let whole: any ProviderAdapter
    let spoiling: Spoiling

    func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget? {
        whole.target(operation, model: model, key: key)
    }

    func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        let body = try whole.encode(call, model: model)
        guard spoiling == .images else { return body }
        return Array(String(decoding: body, as: UTF8.self).replacing("cat.png", with: "dog.png").utf8)
    }

    func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        switch whole.judge(reply, to: call) {
        case .success(var judged):
            if spoiling == .usage { judged.summary.usage?.promptTokens += 1 }
            if spoiling == .finishReason { judged.summary.finishReason = "eos" }
            return .success(judged)
        case .failure(var failure):
            if spoiling == .keyRejections, failure.kind == .keyRejected { failure.kind = .accessMissing }
            if spoiling == .proxyPages, failure.kind == .malformedReply { failure.kind = .keyRejected }
            return .failure(failure)
        }
    }

    func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder {
        SpoiledDecoder(whole: whole.streamDecoder(for: call, opening), spoiling: spoiling)
    }

    func limits(in headers: HeaderBlock, at now: WallTime) -> RateLimits {
        spoiling == .limits
            ? RateLimits(requests: RateLimits.Window(limit: 1)) : whole.limits(in: headers, at: now)
    }
}

struct SpoiledDecoder: StreamDecoder {
    var whole: any StreamDecoder
    let spoiling: Spoiling
    private var count = 0

    init(whole: any StreamDecoder, spoiling: Spoiling) {
        self.whole = whole
        self.spoiling = spoiling
    }

    var summary: ReplySummary { whole.summary }

    var isCompleteWithoutTerminator: Bool {
        spoiling == .terminator ? true : whole.isCompleteWithoutTerminator
    }

    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep {
        count += 1
        if spoiling == .events, count == 3 { return .replace([], hasDelta: true) }
        let isCut = range.lowerBound == 0 && spoiling == .offsets
        let step = whole.decode(bytes, in: isCut ? 1..<max(1, range.upperBound) : range)
        if spoiling == .hiddenUsage, step == .replace([], hasDelta: false) {
            return .forward(hasDelta: false)
        }
        if spoiling == .streamErrors, case .failure = step { return .malformed }
        return step
    }
}
