import SignalboxCore
import Synchronization

/// Copies of log lines that wait for their exporter: bounded in number and in bytes, from any thread to one
/// consumer.
///
///     empty ──take──▶ waiting ──next──▶ the consumer's
///                        │
///                        └─take, no room──▶ dropped, and counted
///
/// What it is given is the JSON line, masked already, so that an exported record says no more than the line
/// does. A line costs its thread a copy of the bytes; it becomes a record on the exporter's thread.
public final class LogExportQueue: Sendable {
    /// Lines that are exported together.
    public struct Batch: Sendable {
        struct Entry: Sendable {
            /// Where the line ends in `bytes`; it begins where the one before it ends.
            var end: Int
            var time: WallTime
            var level: LogLevel
            /// Whether `message` is the name of an event rather than a sentence.
            var isEvent: Bool
        }

        var bytes: [UInt8] = []
        var entries: [Entry] = []

        public var count: Int { entries.count }
    }

    private struct State {
        /// All but the last are full.
        var batches: [Batch] = []
        var count = 0
        var bytes = 0
        var dropped: UInt64 = 0
        var isClosed = false
        var wake: (@Sendable () -> Void)?
    }

    /// Lines that may wait.
    public let capacity: Int
    /// Bytes of lines that may wait.
    public let bytesMax: Int
    public let batchMax: Int
    private let state = Mutex(State())

    public init(capacity: Int = 2_048, batchMax: Int = 512, bytesMax: Int = 8 << 20) {
        self.capacity = max(1, capacity)
        self.batchMax = min(max(1, batchMax), self.capacity)
        self.bytesMax = max(1 << 10, bytesMax)
    }

    public var count: Int { state.withLock { $0.count } }

    /// Lines lost because there was no room, or because the exporter had ended.
    public var dropped: UInt64 { state.withLock { $0.dropped } }

    /// Has `wake` called whenever a batch is full, on the thread that logs: it must not block.
    public func whenFull(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// Takes one JSON line.
    func take(_ line: UnsafeBufferPointer<UInt8>, at time: WallTime, _ level: LogLevel, isEvent: Bool) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.isClosed, state.count < capacity, state.bytes + line.count <= bytesMax else {
                state.dropped += 1
                return nil
            }
            if state.batches.last.map({ $0.count >= batchMax }) ?? true { state.batches.append(Batch()) }
            let last = state.batches.count - 1
            state.batches[last].bytes.append(contentsOf: line)
            state.batches[last].entries.append(
                Batch.Entry(
                    end: state.batches[last].bytes.count, time: time, level: level, isEvent: isEvent))
            state.count += 1
            state.bytes += line.count
            return state.batches[last].count == batchMax ? state.wake : nil
        }
        wake?()
    }

    /// The oldest lines, at most ``batchMax``; they are the caller's from now on. Nil when none waits.
    public func next() -> Batch? {
        state.withLock { state in
            guard !state.batches.isEmpty else { return nil }
            let batch = state.batches.removeFirst()
            state.count -= batch.count
            state.bytes -= batch.bytes.count
            return batch
        }
    }

    /// Drops, and counts, whatever comes from now on; what waits can still be fetched.
    public func close() {
        state.withLock { state in
            state.isClosed = true
            state.wake = nil
        }
    }
}
