import SignalboxCore
import SignalboxTelemetry
import Testing

@testable import SignalboxServer

@Suite struct ScrapeDeskTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let plain = ScrapeEdition(format: .text, encoding: .identity)
    private let packed = ScrapeEdition(format: .text, encoding: .gzip)
    private let rendering = ScrapeRendering(bytes: Array("up 1\n".utf8), encoding: .identity)

    private func desk(_ scrapesMax: Int = 16, freshness: Duration = .milliseconds(100)) -> ScrapeDesk {
        ScrapeDesk(scrapesMax: scrapesMax, freshness: freshness)
    }

    @Test func `whoever comes while an edition is rendered waits for it`() {
        var desk = desk()
        #expect(desk.admit(plain, at: start) == .render)
        #expect(desk.admit(plain, at: start) == .wait)
        #expect(desk.admit(packed, at: start) == .render)
        #expect(desk.admit(packed, at: start) == .wait)
    }

    @Test func `a rendering is shared while it is fresh, and not a moment longer`() {
        var desk = desk()
        #expect(desk.admit(plain, at: start) == .render)
        desk.finish(plain, with: rendering, at: start)
        #expect(desk.admit(plain, at: start.advanced(by: .milliseconds(99))) == .share(rendering))
        #expect(desk.admit(packed, at: start.advanced(by: .milliseconds(99))) == .render)
        #expect(desk.admit(plain, at: start.advanced(by: .milliseconds(100))) == .render)
    }

    @Test func `without freshness nothing finished is shared`() {
        var desk = desk(freshness: .zero)
        #expect(desk.admit(plain, at: start) == .render)
        desk.finish(plain, with: rendering, at: start)
        #expect(desk.admit(plain, at: start) == .render)
    }

    @Test func `as many scrapes as allowed are admitted, until one leaves`() {
        var desk = desk(2)
        #expect(desk.admit(plain, at: start) == .render)
        #expect(desk.admit(plain, at: start) == .wait)
        #expect(desk.admit(plain, at: start) == .refuse)
        #expect(desk.admit(packed, at: start) == .refuse)
        desk.leave()
        #expect(desk.admit(plain, at: start) == .wait)
        #expect(desk.scrapes == 2)
    }

    @Test func `a rendering that all have left is fresh for the next`() {
        var desk = desk()
        #expect(desk.admit(plain, at: start) == .render)
        desk.leave()
        #expect(desk.admit(plain, at: start) == .wait)
        desk.leave()
        desk.finish(plain, with: rendering, at: start)
        #expect(desk.admit(plain, at: start) == .share(rendering))
    }

    @Test func `what is stale is forgotten, what is being rendered is not`() {
        var desk = desk()
        _ = desk.admit(plain, at: start)
        _ = desk.admit(packed, at: start)
        desk.finish(plain, with: rendering, at: start)
        desk.expire(at: start.advanced(by: .seconds(1)))
        #expect(desk.admit(plain, at: start.advanced(by: .milliseconds(1))) == .render)
        #expect(desk.admit(packed, at: start.advanced(by: .seconds(1))) == .wait)
    }
}

@Suite struct ScrapeTimeoutTests {
    @Test(arguments: [
        ("10", 9_500), ("1", 950), ("0.1", 95), ("60", 59_500), ("1e9", 119_500), ("inf", 119_500),
    ])
    func `a scraper is answered a little before it gives up`(field: String, milliseconds: Int) {
        #expect(ScrapeTimeout.read(field) == .milliseconds(milliseconds))
    }

    @Test(arguments: [nil, "", "0", "-1", "soon", "nan", "10s"])
    func `a timeout that cannot be read is Prometheus' own`(field: String?) {
        #expect(ScrapeTimeout.read(field) == .seconds(10))
    }
}
