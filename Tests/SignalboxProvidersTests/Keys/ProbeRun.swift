import SignalboxCore
import SignalboxProviders
import SignalboxTesting

/// Carries a probe through, as the shell does.
struct ProbeRun {
    private(set) var requests: [KeyProbeRequest] = []
    private(set) var report: KeyReport

    static let now = WallTime(nanosecondsSince1970: 1_750_000_000_000_000_000)
    static let origin = "http://fake.test"

    struct Unending: Error {}
    struct NoProbe: Error {}

    init(_ probe: any KeyProbe, answering: (KeyProbeRequest) -> KeyProbeOutcome) throws {
        var probe = probe
        var step = probe.begin()
        while true {
            switch step {
            case .done(let report):
                self.report = report
                return
            case .ask(let request):
                guard requests.count < KeyProbeRequest.countMax else { throw Unending() }
                requests.append(request)
                step = probe.take(answering(request))
            }
        }
    }

    /// Against the kind's fake vendor.
    init(_ kind: ProviderKind, fake: any FakeVendor, secret: Secret?, folder: String = YandexGPTFake.folder)
        throws
    {
        let base = Self.origin + fake.basePath
        let probe = try Self.probe(kind, base: base, secret: secret, folder: folder)
        try self.init(probe) { Self.ask(fake, $0) }
    }

    /// Every request answered alike.
    init(_ kind: ProviderKind, secret: Secret = Secret("some-key"), always outcome: KeyProbeOutcome) throws {
        try self.init(try Self.probe(kind, secret: secret)) { _ in outcome }
    }

    static func probe(
        _ kind: ProviderKind, base: String = origin + "/v1", secret: Secret?,
        folder: String = YandexGPTFake.folder, scope: GigaChatScope = .auto
    ) throws -> any KeyProbe {
        var settings = ProviderSettings(baseURL: base)
        settings.tokenURL = origin + GigaChatFake.tokenPath
        settings.folder = folder
        settings.scope = scope
        guard let probe = try kind.adapter(settings: settings).probe(secret, models: []) else {
            throw NoProbe()
        }
        return probe
    }

    static func ask(_ fake: any FakeVendor, _ request: KeyProbeRequest) -> KeyProbeOutcome {
        var headers = Dictionary(
            request.headers.map { ($0.name.lowercased(), $0.value.reveal()) }, uniquingKeysWith: { $1 })
        if let name = request.requestIDHeader { headers[name] = "00000000-0000-4000-8000-000000000000" }
        let path = String(request.url.dropFirst(origin.count))
        let script = fake.reply(
            to: FakeRequest(
                method: request.method.rawValue, path: path, headers: headers, body: request.body))
        var (status, fields, body) = (0, [String: String](), [UInt8]())
        for step in script.steps {
            switch step {
            case .head(let code, let headers): (status, fields) = (code, headers)
            case .bytes(let bytes): body += bytes
            case .wait, .cut, .stall: break
            }
        }
        return .reply(
            WholeReply(status: status, headers: HeaderBlock(fields), body: body, receivedAt: now))
    }

    static func reply(_ status: Int, _ body: String, _ headers: [String: String] = [:]) -> KeyProbeOutcome {
        .reply(WholeReply(status, body, headers, at: now))
    }
}
