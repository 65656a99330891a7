import Glibc
import SignalboxCore
import SignalboxStore

/// A record as a chat request makes it.
enum SampleRecord {
    static func make(tenant: String, random: inout FastRandom) -> UsageRecord {
        let now = SystemTime().wallTime()
        return UsageRecord(
            id: UUIDv7(at: now, using: &random), requestID: "req_0190163d8694739baea5966c26f8ad91",
            attempt: 1,
            provider: "groq", model: "llama-3.1-8b-instant", requestedModel: "fast",
            usage: TokenUsage(promptTokens: 812, completionTokens: 214, cachedTokens: 512),
            source: .provider, cost: Money(nano: 57_780_000, currency: "USD"), priceVersion: "2026-11-01",
            latency: .microseconds(842_123), timeToFirstToken: .microseconds(181_456), isStreaming: true,
            outcome: .success, key: "groq-0", timestamp: now, tenant: tenant, tenantKey: "\(tenant)-0",
            platformKeyID: "pk_live_51", sessionID: "session-8f14e45fceea167a")
    }
}

/// Where the benchmark's records are.
enum StoreDirectory {
    struct Failure: Error {
        let path: String
        let code: Int32
    }

    static func remove(_ directory: String) throws {
        for name in ["usage.db", "usage.db-wal", "usage.db-shm", "usage.lock", "usage.clean"] {
            let path = "\(directory)/\(name)"
            guard unlink(path) == 0 || errno == ENOENT else { throw Failure(path: path, code: errno) }
        }
        guard rmdir(directory) == 0 || errno == ENOENT else { throw Failure(path: directory, code: errno) }
    }
}
