public import SignalboxConfig
public import SignalboxCore
import SignalboxHTTP
public import SignalboxTelemetry

/// Sends metrics, spans and log records to OTLP receivers, on a thread of its own: encoding and compressing a
/// batch takes milliseconds that no request should wait for.
///
///     let logs = TelemetryExporter.logQueue(for: settings)
///     let writer = LogWriter(descriptor: 1, exports: logs)
///     let exporter = try TelemetryExporter(settings, registry: registry, logger: Logger(writer: writer))
///     exporter.start()
///     …
///     await exporter.shutdown()
public final class TelemetryExporter: Sendable {
    /// Takes finished spans; nil where traces are not exported.
    public let spans: (any SpanSink)?
    private let loop: EventLoop
    private let lines: ExportLines
    private let queues: (spans: SpanQueue?, logs: LogExportQueue?)
    private let flushTimeout: Duration

    /// The queue to give to the program's ``LogWriter``, before there is an exporter; nil where logs are not
    /// exported.
    public static func logQueue(for settings: Configuration.OTLP) -> LogExportQueue? {
        settings.logs.map { LogExportQueue(capacity: $0.queueMax, batchMax: $0.batchMax) }
    }

    /// Sends nothing before ``start()``.
    /// - Parameter logger: its writer's queue is what is exported of logs.
    /// - Throws: ``ExporterError`` where the system gives no thread or no client.
    public init(
        _ settings: Configuration.OTLP, registry: MetricRegistry, logger: Logger,
        time: any TimeSource = SystemTime()
    ) throws(ExporterError) {
        let resource: ExportResource
        do {
            loop = try EventLoop(index: TelemetryExporter.loopNumber, clock: time)
            let client = try HTTPClient(loop: loop)
            var random = SystemRandomNumberGenerator()
            resource = ExportResource(
                configured: settings.resource, instance: ExportResource.randomInstance(using: &random))
            lines = ExportLines(
                client: client, resource: resource, registry: registry, logger: logger, time: time)
        } catch {
            throw ExporterError(description: "telemetry cannot be exported: \(error)")
        }
        flushTimeout = settings.flushTimeout
        if let metrics = settings.metrics { lines.addMetrics(metrics) }
        var spans: SpanQueue?
        if let traces = settings.traces { spans = lines.addTraces(traces) }
        let logs = logger.writer.exports
        if let logs, let settings = settings.logs { lines.addLogs(settings, logs) }
        self.spans = spans
        queues = (spans, logs)
    }

    /// Names the thread beside those of the requests, which are numbered from 0 to 63.
    private static let loopNumber = 64

    /// - Throws: ``ExporterError`` where the system gives no thread.
    public func start() throws(ExporterError) {
        do throws(SystemError) {
            try loop.start()
        } catch {
            throw ExporterError(description: "telemetry cannot be exported: \(error)")
        }
        let lines = lines
        loop.execute { lines.start() }
    }

    /// Sends what waits, at most for the configuration's `flush_timeout`, then ends. What is not sent by then
    /// is counted as lost. Once, not from a loop.
    public func shutdown() async {
        queues.spans?.close()
        queues.logs?.close()
        let lines = lines
        let limit = flushTimeout
        await loop.spawn { await lines.shutdown(within: limit) }.value
        loop.stop()
        loop.join()
    }
}

/// An exporter that could not be made.
public struct ExporterError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
