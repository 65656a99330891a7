import SignalboxCore
import SignalboxTelemetry

/// Takes batches from one queue when they are due, and sends each before it takes the next. Confined to its
/// loop's thread.
final class ExportPump {
    /// What a pump moves.
    struct Source {
        /// Records that wait now.
        var waiting: () -> Int
        /// Takes a batch and sends it.
        var export: (ExportChannel) async -> Void
        /// Takes all that waits, and counts it as lost.
        var abandon: () -> Void
    }

    let channel: ExportChannel
    private let source: Source
    private let time: any TimeSource
    private var schedule: ExportSchedule

    init(_ channel: ExportChannel, _ schedule: ExportSchedule, _ source: Source, time: any TimeSource) {
        self.channel = channel
        self.schedule = schedule
        self.source = source
        self.time = time
    }

    /// Until everything is sent after ``drain(until:)``, or ``giveUp()``.
    func run() async {
        while !channel.isGivenUp {
            let now = time.now()
            switch schedule.due(waiting: source.waiting(), at: now) {
            case .ended: return
            case .at(let instant): await channel.nap.sleep(until: instant)
            case .now:
                schedule.exported(at: now)
                await source.export(channel)
            }
        }
        source.abandon()
    }

    /// Sends what waits, as far as there is time, and ends.
    func drain(until instant: Instant) {
        schedule.drain()
        channel.end(by: instant)
    }
}
