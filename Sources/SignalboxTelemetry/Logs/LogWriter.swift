import SignalboxCore
import Synchronization

/// Owns the thread that writes log lines to a descriptor, and the bounded buffer in front of it.
///
/// `write` never waits for the reader of the log: when the buffer is full, lines are dropped and counted,
/// and once there is room again a line `log_lines_dropped` says how many.
public final class LogWriter: Sendable {
    public let format: LogFormat
    public let limits: LogLimits
    /// Where a copy of each line goes that is to be exported; nil where none is.
    public let exports: LogExportQueue?
    private let lowestLevel: Atomic<UInt8>
    private let queue: LogQueue

    /// The descriptor stays the caller's: the writer never closes it.
    public init(
        descriptor: Int32, level: LogLevel = .info, format: LogFormat = .json,
        limits: LogLimits = LogLimits(), exports: LogExportQueue? = nil
    ) {
        self.format = format
        self.limits = limits
        self.exports = exports
        lowestLevel = Atomic(level.rawValue)
        queue = LogQueue(format: format, limits: limits)
        LogThread.start(descriptor: descriptor, queue: queue)
    }

    deinit {
        queue.stop()
    }

    public var level: LogLevel {
        get { LogLevel(rawValue: lowestLevel.load(ordering: .relaxed)) ?? .info }
        set { lowestLevel.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Takes one whole line that ends in a line feed.
    public func write(_ line: UnsafeBufferPointer<UInt8>) {
        queue.append(line)
    }

    /// Writes the line that `describe` makes, and hands a copy to the exporter.
    @inline(__always)
    func write(
        at time: WallTime, _ level: LogLevel, isEvent: Bool, describe: (inout LogFields) -> Void
    ) {
        var line = LogFields(format, limits, reusing: LineBuffer.take())
        describe(&line)
        let bytes = line.endLine()
        bytes.withBytes { text in
            write(text)
            if format == .json { exports?.take(text, at: time, level, isEvent: isEvent) }
        }
        LineBuffer.giveBack(bytes)
        guard let exports, format != .json else { return }
        // People read the text, exporters the JSON: described twice, which only happens at a terminal.
        var copy = LogFields(.json, limits, reusing: LineBuffer.take())
        describe(&copy)
        let copied = copy.endLine()
        copied.withBytes { exports.take($0, at: time, level, isEvent: isEvent) }
        LineBuffer.giveBack(copied)
    }

    /// Lines lost so far, for `signalbox_log_lines_dropped_total`.
    public var linesDropped: UInt64 {
        queue.linesDropped
    }

    /// Waits until every line accepted before the call is written; false if that took too long.
    @discardableResult
    public func flush(within limit: Duration = .seconds(5)) -> Bool {
        queue.flush(until: SystemTime().now().advanced(by: limit))
    }

    /// Writes what waits and ends the thread; lines that come later are dropped and counted.
    @discardableResult
    public func shutdown(within limit: Duration = .seconds(5)) -> Bool {
        queue.stop()
        return queue.waitUntilDone(until: SystemTime().now().advanced(by: limit))
    }
}
