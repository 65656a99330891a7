import Synchronization

/// Finished spans that wait for their exporter: bounded, from any thread to one consumer.
///
///     empty ──take──▶ waiting ──next──▶ the consumer's
///                        │
///                        └─take, no room──▶ dropped, counted in signalbox_spans_dropped_total
public final class SpanQueue: SpanSink {
    private struct State {
        var waiting: [SpanRecord] = []
        var isClosed = false
    }

    public let capacity: Int
    private let batchMin: Int
    private let wake: @Sendable () -> Void
    private let dropped: Counter
    private let state: Mutex<State>

    /// - Parameters:
    ///   - destination: the exporter's name, from configuration: the label of the queue's metrics.
    ///   - capacity: spans that may wait; further ones are dropped. At least 1.
    ///   - batchMin: how many make it worth waking the consumer before its own time comes.
    ///   - wake: called on the thread whose span made up the batch, each time the number is reached; it must
    ///     not block.
    public init(
        destination: String, capacity: Int = 2_048, batchMin: Int = 512, registry: MetricRegistry,
        wake: @escaping @Sendable () -> Void = {}
    ) {
        self.capacity = max(1, capacity)
        self.batchMin = min(max(1, batchMin), self.capacity)
        self.wake = wake
        dropped = registry.counter(Catalogue.spansDropped).series(destination)
        state = Mutex(State())
        registry.gauge(Catalogue.spanQueueLength).series(destination) { [weak self] in
            self.map { Double($0.count) }
        }
    }

    public var count: Int { state.withLock { $0.waiting.count } }

    public func take(_ span: SpanRecord) {
        let reached = state.withLock { state -> Int? in
            guard !state.isClosed, state.waiting.count < capacity else { return nil }
            state.waiting.append(span)
            return state.waiting.count
        }
        switch reached {
        case nil: dropped.increment()
        case batchMin: wake()
        case .some: break
        }
    }

    /// The oldest spans, at most `count`; they are the caller's from now on. Empty when none waits.
    public func next(upTo count: Int) -> [SpanRecord] {
        state.withLock { state in
            let batch = Array(state.waiting.prefix(max(0, count)))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }

    /// Drops, and counts, whatever comes from now on; what waits can still be fetched.
    public func close() {
        state.withLock { $0.isClosed = true }
    }
}
