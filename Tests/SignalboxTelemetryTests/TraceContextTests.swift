import SignalboxCore
import Testing

@testable import SignalboxTelemetry

@Suite struct TraceContextTests {
    static let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func `a well-formed parent is read`() throws {
        let context = try #require(TraceContext(traceparent: Self.good))
        #expect(context.traceID == TraceID(high: 0x0AF7_6519_16CD_43DD, low: 0x8448_EB21_1C80_319C))
        #expect(context.spanID == SpanID(0xB7AD_6B71_6920_3331))
        #expect(context.isSampled)
        #expect(context.isRemote)
        #expect(context.state == nil)
        #expect(context.traceparent == Self.good)
    }

    @Test(arguments: ["00", "02", "fe"])
    func `flags that the recommendation does not define are neither read nor sent`(flags: String) throws {
        let context = try #require(TraceContext(traceparent: Self.good.dropLast(2) + flags))
        #expect(!context.isSampled)
        #expect(context.traceparent.hasSuffix("-00"))
    }

    @Test(arguments: [
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like",
        " \t00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 \t",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
    ])
    func `newer versions, further flags and spaces around do not hide a parent`(text: String) throws {
        let context = try #require(TraceContext(traceparent: text))
        #expect(context.traceparent == Self.good)
    }

    @Test(arguments: [
        "", "-", "00", "00-", "00-0af7651916cd43dd8448eb211c80319c",
        // too long, too short, or another character in a separator's place
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.extra",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
        // a forbidden version
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        // all zero
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        // upper case, no digits, signs, other scripts' digits, control characters
        "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
        "0X-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333.-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0١",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\0\0",
        String(repeating: "0", count: 10_000),
    ])
    func `what is malformed counts as none`(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test func `whatever bytes come, nothing traps and what is accepted is sent on well formed`() {
        var random = FastRandom(seed: 7)
        let alphabet = Array("0123456789abcdefAF-,= ".utf8)
        for _ in 0..<20_000 {
            var bytes = Array(Self.good.utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            guard let context = TraceContext(traceparent: String(decoding: bytes, as: UTF8.self)) else {
                continue
            }
            #expect(context.traceID.isValid && context.spanID.isValid)
            #expect(TraceContext(traceparent: context.traceparent) == context)
        }
    }

    @Test func `a fresh id is never all zero`() {
        struct Stuck: RandomNumberGenerator {
            var zeros = 5
            mutating func next() -> UInt64 {
                zeros -= 1
                return zeros >= 0 ? 0 : 9
            }
        }
        var random = Stuck()
        #expect(TraceID.random(using: &random).isValid)
        random = Stuck()
        #expect(SpanID.random(using: &random).isValid)
    }

    @Test func `a malformed state leaves the parent as it is`() throws {
        let context = try #require(TraceContext(traceparent: Self.good, tracestate: ["no member"]))
        #expect(context.state == nil)
        #expect(context.traceparent == Self.good)
    }
}

@Suite struct TraceStateTests {
    private func parsed(_ headers: String...) -> String? { TraceState(parsing: headers)?.text }

    @Test func `members are kept in their order, spaces around them and empty ones are not`() {
        #expect(parsed("foo=1,bar=2") == "foo=1,bar=2")
        #expect(parsed("foo=1 \t , \t bar=2, \t baz=3") == "foo=1,bar=2,baz=3")
        #expect(parsed(",foo=1,,", "", "bar=2") == "foo=1,bar=2")
        #expect(parsed("foo= 1") == "foo= 1")
        #expect(parsed("") == nil)
        #expect(parsed(" , ,") == nil)
    }

    @Test func `several headers are one list`() {
        #expect(parsed("foo=1", "bar=2,baz=3") == "foo=1,bar=2,baz=3")
    }

    @Test func `of a key given twice the first is kept`() {
        #expect(parsed("foo=1,bar=2,foo=3") == "foo=1,bar=2")
    }

    @Test(arguments: [
        "foo=1", "f=1", "a-b_c*d/e=1", "0t@v=1", "t@v0-_*/=1", "foo=\u{21}\u{7E}:;@",
        String(repeating: "z", count: 256) + "=1", String(repeating: "t", count: 241) + "@v=1",
        "t@" + String(repeating: "v", count: 14) + "=1", "foo=" + String(repeating: "x", count: 256),
    ])
    func `keys and values up to their limits are kept`(member: String) {
        #expect(parsed(member) == member)
    }

    @Test(arguments: [
        "foo", "foo=", "=1", "Foo=1", "0foo=1", "foo =1", "foo@=1", "@foo=1", "foo@@bar=1", "foo@bar@baz=1",
        "foo=1=2", "foo=\u{7F}", "foo=é", "foo=a\tb", "foo.bar=1", "t@0v=1",
        String(repeating: "z", count: 257) + "=1", String(repeating: "t", count: 242) + "@v=1",
        "t@" + String(repeating: "v", count: 15) + "=1", "foo=" + String(repeating: "x", count: 257),
    ])
    func `one malformed member drops the whole list`(member: String) {
        #expect(parsed(member) == nil)
        #expect(parsed("ok=1,\(member)") == nil)
    }

    @Test func `thirty-two members are kept and one more drops them all`() {
        let members = (1...33).map { "bar\($0)=\($0)" }
        #expect(
            parsed(members.prefix(32).joined(separator: ",")) == members.prefix(32).joined(separator: ","))
        #expect(parsed(members.joined(separator: ",")) == nil)
    }

    @Test func `beyond 512 bytes large members go first, then the last ones`() throws {
        let small = (1...4).map { "s\($0)=" + String(repeating: "x", count: 97) }
        let large = "large=" + String(repeating: "y", count: 200)
        let mixed = [small[0], large, small[1], small[2], small[3]].joined(separator: ",")
        #expect(parsed(mixed) == small.joined(separator: ","))
        let many = (1...8).map { "s\($0)=" + String(repeating: "x", count: 97) }.joined(separator: ",")
        let kept = try #require(parsed(many))
        #expect(kept.utf8.count <= TraceState.bytesMax)
        #expect(kept.hasPrefix("s1=") && kept.split(separator: ",").count == 5)
    }
}

@Suite struct TraceSamplerTests {
    private func ids(_ count: Int) -> [TraceID] {
        var random = FastRandom(seed: 42)
        return (0..<count).map { _ in TraceID.random(using: &random) }
    }

    @Test(arguments: [0, 0.01, 0.25, 0.5, 0.9, 1])
    func `about the ratio of the traces is recorded`(ratio: Double) {
        let sampler = TraceSampler(ratio: ratio)
        let recorded = ids(100_000).filter { sampler.records($0, parent: nil) }.count
        #expect(abs(Double(recorded) / 100_000 - ratio) < 0.006)
        if ratio == 0 { #expect(recorded == 0) }
        if ratio == 1 { #expect(recorded == 100_000) }
    }

    @Test func `a trace's id alone decides, and a higher ratio records what a lower one does`() {
        let (low, high) = (TraceSampler(ratio: 0.1), TraceSampler(ratio: 0.3))
        for id in ids(20_000) {
            #expect(low.records(id, parent: nil) == TraceSampler(ratio: 0.1).records(id, parent: nil))
            if low.records(id, parent: nil) { #expect(high.records(id, parent: nil)) }
        }
    }

    @Test func `the parent's decision wins over the ratio`() {
        let id = TraceID(high: 1, low: 1)
        let yes = TraceContext(traceID: id, spanID: SpanID(1), flags: .sampled, isRemote: true)
        let no = TraceContext(traceID: id, spanID: SpanID(1), isRemote: true)
        #expect(TraceSampler(ratio: 0).records(id, parent: yes))
        #expect(!TraceSampler(ratio: 1).records(id, parent: no))
    }

    @Test func `a ratio that is none is clamped`() {
        #expect(TraceSampler(ratio: .nan).ratio == 0)
        #expect(TraceSampler(ratio: -1).ratio == 0)
        #expect(TraceSampler(ratio: .infinity).ratio == 1)
    }
}
