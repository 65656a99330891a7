public import Logging
public import SignalboxCore

/// Sends what a program logs through swift-log to a `LogWriter`, as lines of the same form as Signalbox' own.
///
///     LoggingSystem.bootstrap({ label, provider in
///         SignalboxLogHandler(label: label, writer: writer, metadataProvider: provider)
///     }, metadataProvider: nil)
///
/// Each line has `timestamp`, `level`, `message` and `label`, then the metadata by name. Levels keep their
/// names, `notice` too. A line at `debug` or `trace` also says where in the source it was logged. Nothing
/// here waits for the log's reader: see `LogWriter`.
public struct SignalboxLogHandler: LogHandler {
    public let label: String
    public let writer: LogWriter
    public var metadata: Logging.Logger.Metadata = [:]
    public var metadataProvider: Logging.Logger.MetadataProvider?
    private let time: any TimeSource
    private var ownLevel: Logging.Logger.Level?

    public init(
        label: String, writer: LogWriter, metadataProvider: Logging.Logger.MetadataProvider? = nil,
        time: any TimeSource = SystemTime()
    ) {
        self.label = label
        self.writer = writer
        self.metadataProvider = metadataProvider
        self.time = time
    }

    /// The writer's, so that a reload changes all loggers together, until somebody sets this one's.
    public var logLevel: Logging.Logger.Level {
        get { ownLevel ?? Logging.Logger.Level(writer.level) }
        set { ownLevel = newValue }
    }

    public subscript(metadataKey name: String) -> Logging.Logger.MetadataValue? {
        get { metadata[name] }
        set { metadata[name] = newValue }
    }

    public func log(event: Logging.LogEvent) {
        let fields = fields(of: event)
        let now = time.wallTime()
        let level = LogLevel(event.level)
        writer.write(at: now, level, isEvent: false) { line in
            line.beginLine(now, level, message: event.message.description)
            line.string("label", label)
            if let error = event.error {
                line.string("error", "\(error)")
                line.string("error_type", String(describing: type(of: error)))
            }
            line.metadata(fields)
            if event.level <= .debug {
                line.string("source", event.source)
                line.string("file", event.file)
                line.int("line", Int(clamping: event.line))
            }
        }
    }

    /// What the line itself says wins over the provider, and that over the logger.
    private func fields(of event: Logging.LogEvent) -> Logging.Logger.Metadata {
        var fields = metadata
        if let provided = metadataProvider?.get(), !provided.isEmpty {
            fields.merge(provided) { _, provided in provided }
        }
        if let explicit = event.metadata, !explicit.isEmpty {
            fields.merge(explicit) { _, explicit in explicit }
        }
        return fields
    }
}

extension LogLevel {
    /// Both have the same seven.
    init(_ level: Logging.Logger.Level) {
        switch level {
        case .trace: self = .trace
        case .debug: self = .debug
        case .info: self = .info
        case .notice: self = .notice
        case .warning: self = .warning
        case .error: self = .error
        case .critical: self = .critical
        }
    }
}

extension Logging.Logger.Level {
    init(_ level: LogLevel) {
        switch level {
        case .trace: self = .trace
        case .debug: self = .debug
        case .info: self = .info
        case .notice: self = .notice
        case .warning: self = .warning
        case .error: self = .error
        case .critical: self = .critical
        }
    }
}
