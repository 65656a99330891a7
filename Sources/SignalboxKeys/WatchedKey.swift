package import SignalboxCore

/// One configured key that is checked again and again.
package struct WatchedKey: Sendable {
    package var provider: String
    package var kind: String
    package var alias: String
    /// Only to know it again, and to strike it out of what a provider says; nil where the provider needs
    /// none.
    package var secret: Secret?
    package var question: KeyQuestion
    /// From one check to the next.
    package var interval: Duration
    /// By which part of the interval the time between two checks varies, 0 to 0.5.
    package var jitter: Double
    /// After a check that taught nothing, or left a doubt; doubled each time, up to the interval.
    package var retry: Duration
    /// Of all checks of all keys of its provider.
    package var requestsPerMinute: Int
    /// Those that are configured: they choose which balances concern the key.
    package var models: [String]
    package var traffic: KeyTraffic

    package init(
        provider: String, kind: String, alias: String, secret: Secret?, question: KeyQuestion,
        interval: Duration = .seconds(900), jitter: Double = 0.1, retry: Duration = .seconds(30),
        requestsPerMinute: Int = 60, models: [String] = [], traffic: KeyTraffic = KeyTraffic()
    ) {
        self.provider = provider
        self.kind = kind
        self.alias = alias
        self.secret = secret
        self.question = question
        self.interval = interval
        self.jitter = jitter
        self.retry = retry
        self.requestsPerMinute = requestsPerMinute
        self.models = models
        self.traffic = traffic
    }

    var name: KeyName { KeyName(provider: provider, alias: alias) }

    var terms: KeySchedule.Terms {
        KeySchedule.Terms(
            interval: interval, jitter: jitter, retry: retry, requestsPerMinute: requestsPerMinute)
    }
}

/// By which a key is known: never the key itself.
package struct KeyName: Sendable, Hashable, Comparable {
    package let provider: String
    package let alias: String

    package init(provider: String, alias: String) {
        self.provider = provider
        self.alias = alias
    }

    package static func < (left: KeyName, right: KeyName) -> Bool {
        (left.provider, left.alias) < (right.provider, right.alias)
    }
}

/// A verdict that is believed: told when it comes, and again with each check that confirms it.
package struct KeyVerdict: Sendable {
    package let provider: String
    package let alias: String
    package let report: KeyReport
    /// It was another state that was believed before, or none. Also true for what is remembered of an earlier
    /// run: to those who are told it is new.
    package let isNews: Bool

    package init(provider: String, alias: String, report: KeyReport, isNews: Bool) {
        self.provider = provider
        self.alias = alias
        self.report = report
        self.isNews = isNews
    }
}

/// What is known of a watched key, as it stands.
package struct KeyStatus: Sendable {
    package var provider: String
    package var kind: String
    package var alias: String
    /// The verdict that is believed; nil until there is one.
    package var standing: KeyReport?
    /// Of the last check, whatever it said.
    package var latest: KeyReport?
    /// A verdict against the key that the next one must confirm to be believed.
    package var doubt: KeyState?
    /// When the last check ended, whatever it said.
    package var lastCheck: WallTime?
    /// When the last check ended that found the key good.
    package var lastGoodCheck: WallTime?
    /// How long the last check took.
    package var elapsed: Duration?
    /// When the next one is due; nil while one is under way.
    package var nextCheck: WallTime?
    package var isInFlight: Bool
    /// When a caller's request last showed that the key works.
    package var lastProof: WallTime?
    /// Since the key is watched, in this process.
    package var checks: Int
    /// Checks that were left out since callers' requests had shown that the key works.
    package var skipped: Int

    /// ``KeyState/unknown`` until a verdict is believed.
    package var state: KeyState { standing?.state ?? .unknown }
}
