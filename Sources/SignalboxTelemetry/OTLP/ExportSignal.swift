/// What OTLP carries: three kinds of telemetry, each with a queue, a destination and a fate of its own.
public enum ExportSignal: String, Sendable, CaseIterable {
    case metrics
    case traces
    case logs

    /// Where a receiver listens for it, below its base address (OTLP/HTTP, "OTLP/HTTP Request").
    public var path: String { "/v1/\(rawValue)" }
}
