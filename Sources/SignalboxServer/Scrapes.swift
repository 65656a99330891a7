import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// Answers requests for the metrics: renders on a thread of its own, once for all that ask at the same time.
///
/// Rendering and packing 100,000 series takes a quarter of a second. Neither callers' requests nor the admin
/// listener's own health checks wait for it.
///
/// Confined to the admin loop's thread.
final class Scrapes: @unchecked Sendable {
    // @unchecked: touched by the admin loop's thread only, but for what is constant.

    private let registry: MetricRegistry
    private let renderer: EventLoop
    private let events: ScrapeEvents
    private var desk: ScrapeDesk
    private var waiting: [ScrapeEdition: [Waiter]] = [:]
    /// Of the last rendering of each format, before packing: what the next one will need.
    private var sizes: [ExpositionFormat: Int] = [:]

    /// - Parameter renderer: the loop whose thread renders.
    init(
        registry: MetricRegistry, renderer: EventLoop, events: ScrapeEvents, scrapesMax: Int,
        freshness: Duration
    ) {
        self.registry = registry
        self.renderer = renderer
        self.events = events
        desk = ScrapeDesk(scrapesMax: scrapesMax, freshness: freshness)
    }

    /// Answers, and returns once the answer has been sent.
    func answer(_ exchange: Exchange, _ id: String) async {
        let edition = ScrapeEdition(exchange)
        let begin = exchange.receivedAt
        let outcome: Outcome
        var isSharing = true
        switch desk.admit(edition, at: exchange.loop.now()) {
        case .refuse:
            events.scraped(.tooMany, since: begin, at: exchange.loop.now())
            return exchange.respond(.busy("too many scrapes at once\n"), id)
        case .share(let rendering): outcome = .done(rendering)
        case .wait: outcome = await wait(for: edition, exchange)
        case .render:
            isSharing = false
            render(edition, for: exchange.loop)
            outcome = await wait(for: edition, exchange)
        }
        defer { desk.leave() }
        let now = exchange.loop.now()
        switch outcome {
        case .done(let rendering):
            events.scraped(isSharing ? .shared : .rendered, since: begin, at: now)
            exchange.respond(Reply(rendering, in: edition.format), id)
        case .late:
            events.scraped(.timeout, since: begin, at: now)
            exchange.respond(.busy("not rendered within the scrape's timeout\n"), id)
        case .gone: return events.scraped(.cancelled, since: begin, at: now)
        }
        // Its bytes are held until then, and so is its place among the scrapes.
        _ = await exchange.delivered()
    }

    /// What the configuration says now. On the admin loop.
    func change(_ admin: Configuration.Admin) {
        desk.change(scrapesMax: admin.scrapesMax, freshness: admin.scrapeFreshness)
    }

    /// Gives the memory of stale renderings back. From time to time, on the admin loop.
    func expire(at now: Instant) {
        desk.expire(at: now)
    }

    // MARK: Rendering

    private func render(_ edition: ScrapeEdition, for loop: EventLoop) {
        let (registry, events) = (registry, events)
        let capacity = sizes[edition.format, default: 0] * 17 / 16
        renderer.execute {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(capacity)
            registry.render(edition.format, into: &bytes)
            events.rendered(bytes.count, .identity)
            var rendering = ScrapeRendering(bytes: bytes, encoding: .identity)
            if edition.encoding == .gzip, let packed = Gzip.compress(bytes, level: Gzip.expositionLevel) {
                rendering = ScrapeRendering(bytes: packed, encoding: .gzip)
                events.rendered(packed.count, .gzip)
            }
            let (rendered, size) = (rendering, bytes.count)
            loop.execute {
                self.sizes[edition.format] = size
                self.finish(edition, with: rendered, at: loop.now())
            }
        }
    }

    private func finish(_ edition: ScrapeEdition, with rendering: ScrapeRendering, at now: Instant) {
        desk.finish(edition, with: rendering, at: now)
        for waiter in waiting.removeValue(forKey: edition) ?? [] { waiter.end(.done(rendering)) }
    }

    // MARK: Waiting

    private func wait(for edition: ScrapeEdition, _ exchange: Exchange) async -> Outcome {
        let loop = exchange.loop
        let waiter = Waiter()
        waiting[edition, default: []].append(waiter)
        let timeout = ScrapeTimeout.read(exchange.header("x-prometheus-scrape-timeout-seconds"))
        let deadline = exchange.receivedAt.advanced(by: timeout)
        let overtime = loop.spawn {
            do throws(CancellationError) {
                try await loop.sleep(until: deadline)
                waiter.end(.late)
            } catch {
                return  // rendered in time
            }
        }
        let outcome = await withTaskCancellationHandler {
            await waiter.outcome()
        } onCancel: {
            loop.execute { waiter.end(.gone) }
        }
        overtime.cancel()
        await overtime.value
        return outcome
    }

    private enum Outcome: Sendable {
        case done(ScrapeRendering)
        case late
        case gone
    }

    /// One scrape that waits: for its rendering, its deadline or its client's end, whichever comes first.
    private final class Waiter: @unchecked Sendable {
        // @unchecked: touched by the admin loop's thread only.
        private var ended: Outcome?
        private var continuation: CheckedContinuation<Outcome, Never>?

        func outcome() async -> Outcome {
            if let ended { return ended }
            return await withCheckedContinuation { continuation = $0 }
        }

        func end(_ outcome: Outcome) {
            guard ended == nil else { return }
            ended = outcome
            continuation?.resume(returning: outcome)
            continuation = nil
        }
    }
}

extension Scrapes {
    /// - Parameters:
    ///   - loop: the admin listener's.
    ///   - renderer: the loop whose thread renders the metrics.
    convenience init(
        _ admin: Configuration.Admin, registry: MetricRegistry, loop: EventLoop, renderer: EventLoop
    ) {
        self.init(
            registry: registry, renderer: renderer, events: ScrapeEvents(registry: registry),
            scrapesMax: admin.scrapesMax, freshness: admin.scrapeFreshness)
        loop.repeatEvery(.seconds(1)) { [unowned loop] in self.expire(at: loop.now()) }
    }

    var endpoint: AdminEndpoint {
        let events = events
        return AdminEndpoint(
            .get, "/metrics", for: .metrics,
            refused: { events.scraped(.unauthorized, since: $0.receivedAt, at: $0.loop.now()) },
            answer: { exchange, id in await self.answer(exchange, id) })
    }
}

extension ScrapeEdition {
    fileprivate init(_ exchange: Exchange) {
        format = ExpositionFormat.negotiate(accept: exchange.header("accept"))
        encoding = Gzip.isPreferred(acceptEncoding: exchange.header("accept-encoding")) ? .gzip : .identity
    }
}

extension Reply {
    /// What answers HEAD as well: libmicrohttpd sends the header alone, with the length of what GET sends.
    fileprivate init(_ rendering: ScrapeRendering, in format: ExpositionFormat) {
        self.init(
            status: 200,
            headers: [("content-type", format.contentType), ("vary", "Accept, Accept-Encoding")],
            body: rendering.bytes)
        switch rendering.encoding {
        case .identity: break
        case .gzip: headers.append(("content-encoding", "gzip"))
        }
    }

    /// For what may well succeed a second later.
    fileprivate static func busy(_ text: String) -> Reply {
        var reply = Reply.text(503, text)
        reply.headers.append(("retry-after", "1"))
        return reply
    }
}
