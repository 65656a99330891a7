import Glibc
import SignalboxCore
import SignalboxTelemetry

struct Attempt {
    let provider: String
    let model: String
    let key: String
    let status: Int
    let duration: Duration
}

extension LogEvent {
    static let requestCompleted: LogEvent = "llm_request_completed"
}

extension Microbench {
    /// The line of a typical request: twelve fields and one attempt.
    static func measureLogLines() {
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        let writer = LogWriter(descriptor: null, limits: LogLimits(bufferBytesMax: 256 << 20))
        let logger = Logger(writer: writer)
        for threads in [1, 2] {
            report("log line, \(threads) thread(s)", threads: threads, rounds: 500_000) { rounds in
                for _ in 0..<rounds { logRequest(logger) }
            }
        }
        let exports = LogExportQueue(capacity: 1_000_000, bytesMax: 1 << 30)
        let copying = LogWriter(
            descriptor: null, limits: LogLimits(bufferBytesMax: 256 << 20), exports: exports)
        let copied = Logger(writer: copying)
        report("log line, exported too", threads: 1, rounds: 500_000) { rounds in
            for _ in 0..<rounds { logRequest(copied) }
            while exports.next() != nil {}
        }
        copying.shutdown()
        writer.level = .error
        report("log line below the level", threads: 1, rounds: 100_000_000) { rounds in
            for _ in 0..<rounds { logRequest(logger) }
        }
        writer.shutdown()
        print("lines dropped: \(writer.linesDropped)")
    }

    static func logRequest(_ logger: Logger) {
        logger.log(
            .info, .requestCompleted, requestID: "req_01JD7Z6M8Q4T5V6W7X8Y9Z0A1B",
            trace: TraceContext(
                traceID: TraceID(high: 0x4BF9_2F35_77B3_4DA6, low: 0xA3CE_929D_0E0E_4736),
                spanID: SpanID(0x00F0_67AA_0BA9_02B7))
        ) { line in
            line.string("tenant", "tenant-123")
            line.string("route", "chat")
            line.string("provider", "groq")
            line.string("model", "llama-3.3-70b-versatile")
            line.string("outcome", "success")
            line.int("status", 200)
            line.int("prompt_tokens", 412)
            line.int("completion_tokens", 128)
            line.milliseconds("latency_ms", .microseconds(843_212))
            line.milliseconds("time_to_first_token_ms", .microseconds(123_456))
            line.bool("streaming", true)
            line.double("cost", 0.000321)
            line.array("attempts", CollectionOfOne(attempt)) { attempt, line in
                line.string("provider", attempt.provider)
                line.string("model", attempt.model)
                line.string("key", attempt.key)
                line.int("status", attempt.status)
                line.milliseconds("latency_ms", attempt.duration)
            }
        }
    }

    static let attempt = Attempt(
        provider: "groq", model: "llama-3.3-70b-versatile", key: "groq-0", status: 200,
        duration: .microseconds(843_212))
}
