import SignalboxCore

/// The bounded bytes between those who log and the one thread that writes.
///
///     empty ──append──▶ waiting ──takeBatch──▶ in flight ──finishBatch──▶ written
///                          │
///                          └─append, no room──▶ dropped, and told of by the next batch
///
/// `@unchecked Sendable`: every variable is touched inside `monitor.withLock` only.
final class LogQueue: @unchecked Sendable {
    private let monitor = Monitor()
    private let format: LogFormat
    private let limits: LogLimits

    private var waiting: [UInt8] = []
    private var bytesInFlight = 0
    /// Bytes since the start, by which `flush` knows when what it waits for has been written.
    private var bytesAccepted: UInt64 = 0
    private var bytesFinished: UInt64 = 0
    private var dropped: UInt64 = 0
    private var droppedUntold: UInt64 = 0
    private var droppedToldInFlight: UInt64 = 0
    private var didLastWriteSucceed = true
    private var isIdle = false
    private var isHurried = false
    private var isStopping = false
    private var isDone = false

    init(format: LogFormat, limits: LogLimits) {
        self.format = format
        self.limits = limits
    }

    func append(_ line: UnsafeBufferPointer<UInt8>) {
        monitor.withLock {
            guard !isStopping, waiting.count + bytesInFlight + line.count <= limits.bufferBytesMax else {
                dropped += 1
                droppedUntold += isStopping ? 0 : 1
                return
            }
            waiting.append(contentsOf: line)
            bytesAccepted += UInt64(line.count)
            if isIdle || waiting.count >= limits.bufferBytesMax / 2 { monitor.signalWork() }
        }
    }

    var linesDropped: UInt64 {
        monitor.withLock { dropped }
    }

    func flush(until deadline: Instant) -> Bool {
        monitor.withLock {
            let goal = bytesAccepted
            while bytesFinished < goal {
                isHurried = true
                monitor.signalWork()
                guard monitor.waitForProgress(until: deadline) else { return bytesFinished >= goal }
            }
            return true
        }
    }

    func stop() {
        monitor.withLock {
            isStopping = true
            monitor.signalWork()
        }
    }

    /// For when there will be no thread to take anything.
    func giveUp() {
        monitor.withLock {
            isDone = true
            monitor.signalProgress()
        }
    }

    func waitUntilDone(until deadline: Instant) -> Bool {
        monitor.withLock {
            while !isDone {
                guard monitor.waitForProgress(until: deadline) else { return isDone }
            }
            return true
        }
    }
}

/// For the writing thread.
extension LogQueue {
    /// Waits for lines, then a moment for more, and takes them all; false when there will be none any more.
    func takeBatch(into batch: inout [UInt8]) -> Bool {
        batch.removeAll(keepingCapacity: batch.capacity <= limits.bufferBytesMax / 4)
        return monitor.withLock {
            while waiting.isEmpty && !canTell && !isStopping {
                isIdle = true
                monitor.waitForWork()
                isIdle = false
            }
            guard !waiting.isEmpty || canTell else {
                isDone = true
                monitor.signalProgress()
                return false
            }
            waitForCompany()
            swap(&waiting, &batch)
            bytesInFlight = batch.count
            tellOfDropped(in: &batch)
            return true
        }
    }

    /// `linesLost` were in the batch but could not be written.
    func finishBatch(linesLost: Int) {
        monitor.withLock {
            bytesFinished += UInt64(bytesInFlight)
            bytesInFlight = 0
            didLastWriteSucceed = linesLost == 0
            if linesLost > 0 {
                // The notice itself is lost too, but no line of anybody's.
                let lines = UInt64(linesLost) - (droppedToldInFlight > 0 ? 1 : 0)
                dropped += lines
                droppedUntold += droppedToldInFlight + lines
            }
            droppedToldInFlight = 0
            monitor.signalProgress()
        }
    }

    /// Without the second condition a broken log would be told of its losses for ever.
    private var canTell: Bool {
        droppedUntold > 0 && didLastWriteSucceed
    }

    private func waitForCompany() {
        let deadline = SystemTime().now().advanced(by: limits.coalescing)
        while !isStopping && !isHurried && waiting.count < limits.bufferBytesMax / 2 {
            guard monitor.waitForWork(until: deadline) else { break }
        }
        isHurried = false
    }

    private func tellOfDropped(in batch: inout [UInt8]) {
        guard droppedUntold > 0 else { return }
        var notice = LogFields(format, limits, reusing: LineBytes())
        notice.beginLine(SystemTime().wallTime(), .warning, "log_lines_dropped")
        notice.int("count", Int(clamping: droppedUntold))
        notice.endLine().withBytes { batch.append(contentsOf: $0) }
        droppedToldInFlight = droppedUntold
        droppedUntold = 0
    }
}
