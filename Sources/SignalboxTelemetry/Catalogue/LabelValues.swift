/// Closed lists of label values, so that no caller can invent one. Where a list belongs to a type of Core
/// (`FailureKind.label`), that type spells it.
public enum AttemptStatus: String, Sendable, CaseIterable {
    case success
    case failure
}

public enum TokenType: String, Sendable, CaseIterable {
    case prompt
    case completion
}

public enum TokenDetailKind: String, Sendable, CaseIterable {
    case cached
    case cacheWrite = "cache_write"
    case reasoning
}

public enum ClientOutcome: String, Sendable, CaseIterable {
    case success
    case fallback
    case exhausted
    case rejected
    case invalid
    case cancelled
    case interrupted
}

public enum RotationKind: String, Sendable, CaseIterable {
    case key
    case model
}

/// Why the server ended a request or a connection by itself.
public enum RejectionReason: String, Sendable, CaseIterable {
    case bodyTooLarge = "body_too_large"
    /// A content coding that is unknown or broken.
    case bodyCoding = "body_coding"
    case headerTimeout = "header_timeout"
    case bodyTimeout = "body_timeout"
    case idleTimeout = "idle_timeout"
    case writeTimeout = "write_timeout"
    /// Still in flight when the time to drain was over.
    case drainTimeout = "drain_timeout"
    case connectionLimit = "connection_limit"
    /// The header was incomplete, too large, or not HTTP.
    case malformed
    case unauthorized
}

/// How a request for the metrics ended.
public enum ScrapeResult: String, Sendable, CaseIterable {
    /// It had the metrics rendered.
    case rendered
    /// It was given what another one had rendered.
    case shared
    /// As many as allowed were under way.
    case tooMany = "too_many"
    /// The scraper's own timeout would have passed.
    case timeout
    /// The scraper hung up before there was an answer.
    case cancelled
    case unauthorized
}

/// What the bytes of a body are packed with.
public enum ContentEncoding: String, Sendable, CaseIterable {
    case identity
    case gzip
}

/// What became of a delivery after an attempt.
public enum DeliveryOutcome: String, Sendable, CaseIterable {
    case delivered
    /// It is tried again, or others take its place.
    case retry
    /// It was given up.
    case dead
}

/// Why a request could not wait for a provider's limits.
public enum QueueRejection: String, Sendable, CaseIterable {
    /// As many as allowed waited.
    case full
    /// It had waited as long as it was allowed to.
    case late
}

/// How holding a stream back ended.
public enum HoldOutcome: String, Sendable, CaseIterable {
    /// With its last byte.
    case whole
    /// It broke off, and was asked for again.
    case broken
    /// It was longer than what may be held.
    case bytes
    /// It took longer than it may be held.
    case time
}

/// How a second attempt beside a slow one ended.
public enum HedgeOutcome: String, Sendable, CaseIterable {
    /// Its answer was taken.
    case won
    /// The first one answered after all.
    case lost
    case failed
    /// The caller left both.
    case cancelled
}

/// Whether a stream that broke off was gone on with elsewhere.
public enum ContinuationOutcome: String, Sendable, CaseIterable {
    /// Another provider went on.
    case continued
    /// What had been sent, or what was asked, cannot be gone on with.
    case impossible
    /// No candidate was left that could.
    case failed
}

/// How a provider was listened to whose caller had left.
public enum DrainResult: String, Sendable, CaseIterable {
    /// Until it had said what it counted.
    case usage
    /// As long as may be: what it used is a guess.
    case estimate
    /// Not at all: as many as may be are listened to already, or none is wanted to be.
    case refused
}

/// What became of a usage record that a part of the program wanted to hear of.
public enum ListenerResult: String, Sendable, CaseIterable {
    case heard
    /// The listener threw.
    case failed
    /// More waited than may.
    case dropped
}

/// Why a usage record that nobody waits for is gone.
public enum PurgeReason: String, Sendable, CaseIterable {
    case age
    case room
}
