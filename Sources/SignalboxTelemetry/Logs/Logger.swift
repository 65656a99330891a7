public import SignalboxCore

/// Writes one line per event. Cheap to copy; never blocks its caller.
public struct Logger: Sendable {
    public let writer: LogWriter
    private let time: any TimeSource

    public init(writer: LogWriter, time: any TimeSource = SystemTime()) {
        self.writer = writer
        self.time = time
    }

    /// Shared by all loggers of one writer, so that a reload changes them together.
    public var level: LogLevel {
        get { writer.level }
        nonmutating set { writer.level = newValue }
    }

    public func isEnabled(_ level: LogLevel) -> Bool {
        level >= writer.level
    }

    /// `fields` runs only if the line will be written.
    public func log(
        _ level: LogLevel, _ event: LogEvent, requestID: String? = nil, trace: TraceContext? = nil,
        fields: (inout LogFields) -> Void = { _ in }
    ) {
        guard isEnabled(level) else { return }
        let now = time.wallTime()
        writer.write(at: now, level, isEvent: true) { line in
            line.beginLine(now, level, event)
            line.string("request_id", requestID)
            if let trace { line.trace(trace) }
            fields(&line)
        }
    }
}
