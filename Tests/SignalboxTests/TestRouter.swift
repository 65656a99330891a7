import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxTelemetry
import SignalboxTesting
import SignalboxUsage

/// A router over mocks on one loop, and the spans that it made. Ends with the test that made it.
final class TestRouter: Sendable {
    let group: EventLoopGroup
    let router: Router
    let spans = CollectedSpans()
    let registry = MetricRegistry()
    private let writer: LogWriter
    private var loop: EventLoop { group.loops[0] }

    /// - Parameter models: of one mock provider each, named `p0`, `p1`, …, tried in order for `chat`.
    init(
        models: [String], hasSink: Bool = true, custom: [String: any CustomProvider] = [:],
        journal: (any UsageJournal)? = nil, time: any TimeSource = SystemTime(),
        _ change: (inout Configuration) -> Void = { _ in },
        onBudget: (@Sendable (BudgetNotice) -> Void)? = nil
    ) throws {
        var configuration = Configuration()
        for (number, model) in models.enumerated() {
            configuration.providers.append(
                Configuration.Provider(
                    name: "p\(number)", kind: custom["p\(number)"] == nil ? .mock : .custom,
                    models: [Configuration.Model(name: model)]))
        }
        configuration.routes = [
            Configuration.Route(
                model: "chat",
                targets: configuration.providers.map {
                    Configuration.Target(provider: $0.name, models: $0.modelNames)
                })
        ]
        change(&configuration)
        group = try EventLoopGroup(count: 1)
        writer = LogWriter(descriptor: -1)
        let books = journal.map { [registry] in UsageBooks(journal: $0, registry: registry) }
        router = try Router(
            configuration: configuration, group: group, registry: registry, logger: Logger(writer: writer),
            custom: custom, spans: hasSink ? spans : nil,
            usage: books, onBudget: onBudget, time: time)
    }

    deinit {
        let router = router
        _ = try? loop.run { await router.shutdown() }
        group.shutdown()
        writer.shutdown()
    }

    /// Asks, takes the whole answer and closes the books; answers with the request's own place in the trace.
    @discardableResult
    func ask(
        under parent: TraceContext? = nil, origin: RequestTrace.Origin = .program, stream: Bool = false,
        prompt: String = "hello", parameters: String = ""
    ) throws -> TraceContext {
        let text =
            #"{"model":"chat","stream":\#(stream)\#(parameters),"#
            + #""messages":[{"role":"user","content":"\#(prompt)"}]}"#
        let body = Array(text.utf8)
        let call = ChatCall(
            body: body, fields: try JSONFields(scanning: body), model: "chat", isStreaming: stream)
        let (router, loop) = (router, loop)
        return try loop.run {
            let trace = router.trace(under: parent, origin: origin, on: loop)
            guard
                let routed = router.begin(
                    call, tenant: 0, requestID: "r-1", receivedAt: loop.now(), trace: trace, on: loop)
            else { throw NoRoute() }
            switch await routed.answer() {
            case .whole(let status, _, _): routed.end(routed.answeredOutcome, status: status)
            case .stream(let stream):
                do throws(UpstreamFailure) {
                    while try await stream.next() != nil {}
                    routed.end(routed.answeredOutcome, status: 200)
                } catch {
                    routed.end(.interrupted, status: 200, failure: error)
                }
            case .failure(let failure):
                routed.end(failure.outcome, status: failure.status, failure: failure.cause)
            }
            return trace.context
        }
    }

    func turnAway(_ trace: @escaping @Sendable (Router, EventLoop) -> RequestTrace) throws {
        let (router, loop) = (router, loop)
        try loop.run {
            router.turnedAway(
                trace(router, loop), requestID: "r-2", tenant: 0, outcome: .invalid, status: 404,
                receivedAt: loop.now(), at: loop.now(), on: loop)
        }
    }

    struct NoRoute: Error {}
}
