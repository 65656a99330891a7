import SignalboxHTTP
import SignalboxTelemetry

/// Every log line of the demonstration: nothing else here names one.
struct DemoEvents: Sendable {
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func changed(_ change: DemoDay.Change) {
        logger.log(.info, "demo_trouble") { fields in
            fields.string("trouble", change.trouble.rawValue)
            fields.bool("begins", change.begins)
            fields.string("words", change.words)
        }
    }

    /// A caller had no whole answer.
    func lost(_ error: TransportError) {
        logger.log(.debug, "demo_call_lost") { $0.string("error", "\(error)") }
    }

    /// As many calls are on their way as may be: one more is not made.
    func leftOut() {
        logger.log(.warning, "demo_call_left_out") { $0.int("calls_max", DemoPlay.callsMax) }
    }

    func ended() {
        logger.log(.debug, "demo_ended") { _ in }
    }
}
