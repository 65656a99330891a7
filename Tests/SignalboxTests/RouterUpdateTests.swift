import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxTelemetry
import SignalboxTesting
import Synchronization
import Testing

@testable import Signalbox

@Suite(.timeLimit(.minutes(2))) struct RouterUpdateTests {
    private func configuration(
        _ providers: [(name: String, model: String)], _ change: (inout Configuration) -> Void = { _ in }
    ) -> Configuration {
        var configuration = Configuration()
        configuration.providers = providers.map {
            Configuration.Provider(name: $0.name, kind: .mock, models: [Configuration.Model(name: $0.model)])
        }
        configuration.routes = [
            Configuration.Route(
                model: "chat",
                targets: providers.map { Configuration.Target(provider: $0.name, models: [$0.model]) })
        ]
        change(&configuration)
        return configuration
    }

    private func requests(_ provider: String, _ model: String, _ status: String = "success") -> String {
        #"llm_requests_total{provider="\#(provider)",model="\#(model)",status="\#(status)"} "#
    }

    @Test func `counters of what keeps its name go on, whatever else changes`() async throws {
        let test = try TestRouter(models: ["mock-normal"])
        try await test.ask()
        let change = try await test.router.update(
            configuration([("p0", "mock-normal")]) { $0.providers[0].timeouts.total = .seconds(7) })
        #expect(change.providers.changed == ["p0"])
        #expect(change.providerSettings == ["p0": ["timeouts.total"]])
        #expect(test.scrape().contains(requests("p0", "mock-normal") + "1\n"))
        try await test.ask()
        #expect(test.scrape().contains(requests("p0", "mock-normal") + "2\n"))
        #expect(
            test.scrape().contains(
                #"llm_client_requests_total{route="chat",tenant="anonymous",outcome="success"} 2"#))
    }

    @Test func `series of what is gone leave, those of what came begin at 0`() async throws {
        let test = try TestRouter(models: ["mock-normal"])
        try await test.ask()
        let change = try await test.router.update(configuration([("q", "mock-normal")]))
        #expect(change.providers == .init(added: ["q"], removed: ["p0"]))
        let scrape = test.scrape()
        #expect(!scrape.contains(#""p0""#))
        #expect(scrape.contains(requests("q", "mock-normal") + "0\n"))
    }

    @Test func `another model of the same provider is noticed`() async throws {
        let test = try TestRouter(models: ["mock-normal"])
        let change = try await test.router.update(configuration([("p0", "mock-other")]))
        #expect(change.models == .init(added: ["p0/mock-other"], removed: ["p0/mock-normal"]))
        try await test.ask()
        #expect(test.scrape().contains(requests("p0", "mock-other") + "1\n"))
        #expect(!test.scrape().contains("mock-normal"))
    }

    @Test func `metrics begin at 0 where that is wanted`() async throws {
        let test = try TestRouter(models: ["mock-unhealthy", "mock-normal"])
        try await test.ask()
        let providers = [("p0", "mock-unhealthy"), ("p1", "mock-normal")]
        try await test.router.update(configuration(providers), metrics: .reset)
        #expect(test.scrape().contains(requests("p1", "mock-normal") + "0\n"))
        #expect(!test.scrape().contains("llm_fallbacks_total{"))
        try await test.ask()
        #expect(test.scrape().contains(requests("p1", "mock-normal") + "1\n"))
        #expect(test.scrape().contains(fallback("p0", "p1") + "1\n"))
    }

    @Test func `a refused configuration resets nothing`() async throws {
        let test = try TestRouter(models: ["mock-normal"])
        try await test.ask()
        await #expect(throws: RouterError.self) {
            try await test.router.update(configuration([]), metrics: .reset)
        }
        #expect(test.scrape().contains(requests("p0", "mock-normal") + "1\n"))
    }

    private func fallback(_ from: String, _ to: String) -> String {
        #"llm_fallbacks_total{route="chat",from="\#(from)",to="\#(to)",reason="overloaded"} "#
    }

    @Test func `what was counted by the way goes on as long as both names are there`() async throws {
        let test = try TestRouter(models: ["mock-unhealthy", "mock-normal"])
        try await test.ask()
        #expect(test.scrape().contains(fallback("p0", "p1") + "1\n"))
        let same = [("p0", "mock-unhealthy"), ("p1", "mock-normal")]
        try await test.router.update(
            configuration(same) { $0.providers[0].timeouts.total = .seconds(7) })
        #expect(test.scrape().contains(fallback("p0", "p1") + "1\n"))
        try await test.ask()
        #expect(test.scrape().contains(fallback("p0", "p1") + "2\n"))
        try await test.router.update(configuration([("p0", "mock-unhealthy"), ("q", "mock-normal")]))
        #expect(!test.scrape().contains("llm_fallbacks_total{"))
    }

    @Test func `a provider that is the same is used on, a changed one is not`() async throws {
        let test = try TestRouter(models: ["mock-normal", "mock-normal"])
        let first = test.router.provider("p0")
        let second = test.router.provider("p1")
        try await test.router.update(
            configuration([("p0", "mock-normal"), ("p1", "mock-normal")]) {
                $0.providers[1].replyBytesMax = 1 << 20
            })
        #expect(test.router.provider("p0") === first)
        #expect(test.router.provider("p1") !== second)
    }

    // MARK: What is refused

    enum Flaw: String, CaseIterable {
        case noProvider = "there are no providers"
        case twoProviders = "two providers are called p0"
        case twoRoutes = "there are two routes for chat"
        case twoModels = "provider p0 lists mock-normal twice"
        case noModel = "provider p0 has no models"
        case strangeProvider = "names a provider q that is not there"
        case strangeModel = "names a model x that p0 has not"
        case twoTenants = "two tenants are called t"
        case noTarget = "the route for chat has no targets"
        case unregistered = "nobody registered it"

        func spoil(_ configuration: inout Configuration) {
            switch self {
            case .noProvider: configuration.providers = []
            case .twoProviders: configuration.providers.append(configuration.providers[0])
            case .twoRoutes: configuration.routes.append(configuration.routes[0])
            case .twoModels: configuration.providers[0].models.append(.init(name: "mock-normal"))
            case .noModel: configuration.providers[0].models = []
            case .strangeProvider: configuration.routes[0].targets[0].provider = "q"
            case .strangeModel: configuration.routes[0].targets[0].models = ["x"]
            case .twoTenants: configuration.tenants = ["t", "t"].map { .init(id: $0, keys: []) }
            case .noTarget: configuration.routes[0].targets = []
            case .unregistered: configuration.providers[0].kind = .custom
            }
        }
    }

    @Test(arguments: Flaw.allCases)
    func `what cannot be carried out is refused, and changes nothing`(flaw: Flaw) async throws {
        let test = try TestRouter(models: ["mock-normal"])
        let error = await #expect(throws: RouterError.self) {
            try await test.router.update(configuration([("p0", "mock-normal")], flaw.spoil))
        }
        #expect(error?.description.contains(flaw.rawValue) == true, "\(error?.description ?? "")")
        #expect(test.router.modelNames == ["chat"])
        try await test.ask()
        #expect(test.scrape().contains(requests("p0", "mock-normal") + "1\n"))
    }

    @Test func `a router that was shut down takes nothing on`() async throws {
        let test = try TestRouter(models: ["mock-normal"])
        await test.router.shutdown()
        await #expect(throws: RouterError.self) {
            try await test.router.update(configuration([("p0", "mock-normal")]))
        }
    }

    // MARK: Requests in flight

    @Test func `a request in flight ends on what it began with, and is counted there`() async throws {
        let held = HeldProvider()
        let test = try TestRouter(models: ["m"], custom: ["p0": held])
        async let answer = test.outcome(of: chat())
        await held.entered()
        try await test.router.update(configuration([("q", "mock-normal")]))
        try await test.ask()
        #expect(test.scrape().contains(requests("q", "mock-normal") + "1\n"))
        #expect(test.scrape().contains(#"llm_inflight_requests{provider="p0"} 1"#))
        held.answerAll()
        #expect(try await answer.provider == "p0")
        await test.settle()
        #expect(!test.scrape().contains(#""p0""#))
        #expect(
            test.scrape().contains(
                #"llm_client_requests_total{route="chat",tenant="anonymous",outcome="success"} 2"#))
    }

    @Test func `what is remembered of a provider that keeps its name goes on, with its number`() async throws
    {
        let test = try TestRouter(models: ["mock-normal", "mock-normal"])
        let desk = try #require(test.router.provider("p1")).desk
        try await test.router.update(
            configuration([("q", "mock-normal"), ("p1", "mock-normal")]) {
                $0.providers[1].timeouts.total = .seconds(7)
            })
        #expect(test.router.provider("p1")?.desk === desk)
        // The number of the one that is gone is the new one's, when nobody has the old one any more.
        await test.settle()
        try await test.router.update(configuration([("r", "mock-normal"), ("p1", "mock-normal")]))
        #expect(test.router.provider("p1")?.desk.number == 1)
        #expect(test.router.lasting.standings.names.values.sorted() == ["p1", "r"])
        #expect(test.router.provider("r")?.number == 0)
    }

    @Test func `an embedder's provider goes on, or is replaced by another`() async throws {
        let (first, second) = (HeldProvider(), HeldProvider())
        let test = try TestRouter(models: ["m"], custom: ["p0": first])
        let custom = configuration([("p0", "m")]) { $0.providers[0].kind = .custom }
        try await test.router.update(custom)
        first.answerAll()
        try await test.ask()
        #expect(first.count == 1)
        second.answerAll()
        try await test.router.update(custom, custom: ["p0": second])
        try await test.ask()
        #expect(first.count == 1 && second.count == 1)
    }

    // MARK: Many times

    @Test func `a hundred changes leave nothing behind`() async throws {
        let test = try TestRouter(models: ["mock-unhealthy", "mock-normal"])
        try await test.ask()
        weak let first = test.router.current.withLock { $0.generation }
        let before = (series: test.seriesCount, subjects: test.router.lasting.scopes.count)
        for number in 0..<100 {
            let names = [("p\(number)-a", "mock-unhealthy"), ("p\(number)-b", "mock-normal")]
            try await test.router.update(configuration(names))
            try await test.ask()
        }
        try await test.router.update(configuration([("p0", "mock-unhealthy"), ("p1", "mock-normal")]))
        try await test.ask()
        await test.settle()
        test.router.lasting.scopes.prune()
        #expect(first == nil)
        #expect(test.seriesCount == before.series)
        #expect(test.router.lasting.scopes.count == before.subjects)
        #expect(!test.scrape().contains(#"="other"} 1"#))
        #expect(
            test.scrape().contains(#"signalbox_series_dropped_total{metric="llm_requests_total"} 0"#))
    }

    @Test func `changes that come at once all take their turn`() async throws {
        let test = try TestRouter(models: ["mock-normal"])
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    await #expect(throws: Never.self) {
                        try await test.router.update(configuration([("p\(number)", "mock-normal")]))
                    }
                }
            }
        }
        let name = try #require(test.router.configuration.providers.first?.name)
        try await test.ask()
        #expect(test.scrape().contains(requests(name, "mock-normal") + "1\n"))
    }
}

/// Answers when it is told to.
private final class HeldProvider: CustomProvider {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
        var count = 0
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    func answer(_ call: CustomCall) async throws -> ChatAnswer {
        await withCheckedContinuation { continuation in
            let (isOpen, watchers) = state.withLock { state in
                state.count += 1
                if !state.isOpen { state.waiting.append(continuation) }
                defer { state.watchers = [] }
                return (state.isOpen, state.watchers)
            }
            if isOpen { continuation.resume() }
            for watcher in watchers { watcher.resume() }
        }
        return call.answer("held", usage: TokenUsage(promptTokens: 1, completionTokens: 1))
    }

    /// Returns once a call is there.
    func entered() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.count == 0 { state.watchers.append(continuation) }
                return state.count > 0
            }
            if isThere { continuation.resume() }
        }
    }

    func answerAll() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

extension Router {
    fileprivate func provider(_ name: String) -> ResolvedProvider? {
        current.withLock { $0.generation.table.providers.first { $0.name == name } }
    }
}

extension TestRouter {
    fileprivate func scrape() -> String {
        var text: [UInt8] = []
        registry.renderText(into: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Of what providers, routes and tenants are measured by.
    fileprivate var seriesCount: Int {
        scrape().split(separator: "\n").count { $0.hasPrefix("llm_") || $0.hasPrefix("gen_ai_") }
    }

    /// Asks, and closes the books.
    fileprivate func ask() async throws {
        _ = try await outcome(of: chat())
    }

    /// Waits until the loop has let go of what it was busy with.
    fileprivate func settle() async {
        for _ in 0..<2 {
            let turn = Signal<Void>()
            group.loops[0].spawn { turn.put(()) }
            await turn.take()
        }
    }
}
