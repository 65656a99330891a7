import Glibc
import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// What it costs a request to have a place in a trace, where nobody takes spans: on a loop, as in the daemon.
func measureTracing() async throws {
    var configuration = Configuration.demo
    configuration.server.threads = .count(1)
    let group = try EventLoopGroup(count: 1)
    let writer = LogWriter(descriptor: open("/dev/null", O_WRONLY | O_CLOEXEC))
    let router = try Router(
        configuration: configuration, group: group, registry: MetricRegistry(),
        logger: Logger(writer: writer))
    let loop = group.loops[0]
    let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await loop.spawn {
        measure("a trace begins, untraced", bytes: 1) {
            Int(truncatingIfNeeded: router.trace(under: nil, on: loop).context.traceID.low)
        }
        measure("a caller's trace is read and goes on", bytes: given.utf8.count) {
            let parent = TraceContext(traceparent: given)
            return Int(truncatingIfNeeded: router.trace(under: parent, on: loop).context.spanID.bits)
        }
        measure("traceparent written", bytes: given.utf8.count) {
            router.trace(under: nil, on: loop).context.traceparent.utf8.count
        }
    }.value
    await router.shutdown()
    group.shutdown()
    writer.shutdown()
}
