import SignalboxCore
import SignalboxTelemetry

/// What a scraper asks for: a format, packed or not.
struct ScrapeEdition: Sendable, Hashable {
    let format: ExpositionFormat
    let encoding: ContentEncoding
}

/// The metrics as they go to a scraper; not packed, though it asked for that, where zlib had no memory.
struct ScrapeRendering: Sendable, Equatable {
    let bytes: [UInt8]
    let encoding: ContentEncoding
}

/// Decides which scrape has an edition rendered, which shares a rendering and which is turned away.
///
///     nothing ──admit──▶ rendering ──finish──▶ fresh ──admit, expire──▶ nothing
///                         │     ▲              │   ▲
///                         └admit┘ (waits)      └admit┘ (shares)
///
/// A rendering that nobody waits for any more is finished all the same, and its edition is fresh.
struct ScrapeDesk {
    enum Admission: Equatable {
        /// Have it rendered, then `finish`.
        case render
        /// It is being rendered.
        case wait
        case share(ScrapeRendering)
        case refuse
    }

    private enum State {
        case rendering
        case fresh(ScrapeRendering, until: Instant)
    }

    private var scrapesMax: Int
    private var freshness: Duration
    private var states: [ScrapeEdition: State] = [:]
    /// Admitted, and neither sent nor given up.
    private(set) var scrapes = 0

    init(scrapesMax: Int, freshness: Duration) {
        self.scrapesMax = scrapesMax
        self.freshness = freshness
    }

    /// For scrapes and renderings to come.
    mutating func change(scrapesMax: Int, freshness: Duration) {
        self.scrapesMax = scrapesMax
        self.freshness = freshness
    }

    /// Whoever is not refused must `leave`.
    mutating func admit(_ edition: ScrapeEdition, at now: Instant) -> Admission {
        guard scrapes < scrapesMax else { return .refuse }
        scrapes += 1
        switch states[edition] {
        case .rendering: return .wait
        case .fresh(let rendering, let end) where now < end: return .share(rendering)
        case .fresh, nil:
            states[edition] = .rendering
            return .render
        }
    }

    mutating func leave() {
        precondition(scrapes > 0, "a scrape leaves once")
        scrapes -= 1
    }

    mutating func finish(_ edition: ScrapeEdition, with rendering: ScrapeRendering, at now: Instant) {
        states[edition] = freshness > .zero ? .fresh(rendering, until: now.advanced(by: freshness)) : nil
    }

    /// Gives the memory of stale renderings back.
    mutating func expire(at now: Instant) {
        states = states.filter { _, state in
            switch state {
            case .rendering: true
            case .fresh(_, let end): now < end
            }
        }
    }
}

/// How long a scrape may take.
enum ScrapeTimeout {
    /// Prometheus' own, for a scraper that does not say.
    static let standard = Duration.seconds(10)
    static let longest = Duration.seconds(120)
    /// The part of the scraper's time that is left for the way back: a twentieth, at most this.
    static let marginMax = Duration.milliseconds(500)

    /// Of `X-Prometheus-Scrape-Timeout-Seconds`: less than the scraper's own, so that it hears of it.
    static func read(_ field: String?) -> Duration {
        guard let seconds = field.flatMap({ Double($0) }), seconds > 0 else { return standard }
        let whole = seconds < 120 ? Duration.seconds(seconds) : longest
        return whole - min(whole / 20, marginMax)
    }
}
