package import SignalboxCore
import Synchronization

/// What callers' requests have shown of one key. Written by those requests, on any thread, without a lock.
package final class KeyTraffic: Sendable {
    /// Nanoseconds; 0 is none.
    private let proof = Atomic<Int64>(0)
    /// Somebody wants to hear of the next proof.
    private let isProofAwaited = Atomic(false)
    /// A refusal was told, and not yet taken.
    private let isRefused = Atomic(false)
    private let listener = Mutex<(@Sendable () -> Void)?>(nil)

    /// Proofs that come sooner after one say no more than it did.
    package static let proofPauseNanoseconds: Int64 = 1_000_000_000

    package init() {}

    /// The provider has just answered a request with this key: one load, and at most once a second a store.
    package func proved(at now: Instant) {
        let last = proof.load(ordering: .relaxed)
        guard now.nanoseconds &- last >= KeyTraffic.proofPauseNanoseconds else { return }
        store(now)
    }

    private func store(_ now: Instant) {
        proof.store(now.nanoseconds, ordering: .relaxed)
        guard isProofAwaited.load(ordering: .relaxed) else { return }
        if isProofAwaited.exchange(false, ordering: .acquiringAndReleasing) { ring() }
    }

    /// The provider has refused a request for what it thinks of this key. Until that is taken further ones
    /// cost one exchange.
    package func refused() {
        if !isRefused.exchange(true, ordering: .acquiringAndReleasing) { ring() }
    }

    /// When a request last showed that the key works, to a second; nil where none has.
    package var lastProof: Instant? {
        let last = proof.load(ordering: .relaxed)
        return last == 0 ? nil : Instant(nanoseconds: last)
    }

    private func ring() {
        let listener = listener.withLock { $0 }
        listener?()
    }

    // MARK: For the watch

    /// Has `body` called, on the thread of the request, at a refusal and at a proof that is awaited.
    func listen(_ body: (@Sendable () -> Void)?) {
        listener.withLock { $0 = body }
    }

    func awaitProof(_ isAwaited: Bool) {
        isProofAwaited.store(isAwaited, ordering: .releasing)
    }

    /// Whether there was a refusal since this was last asked.
    func takeRefusal() -> Bool {
        isRefused.exchange(false, ordering: .acquiringAndReleasing)
    }
}
