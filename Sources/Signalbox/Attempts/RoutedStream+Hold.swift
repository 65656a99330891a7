import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

// An answer that is held back until it is whole: where it breaks off before, nobody has seen it.
extension RoutedStream {
    /// Reads on until the answer is whole, or as much of it is held back as may be.
    /// - Returns: what broke it off before; it has been recorded.
    func holdBack(within hold: Configuration.Hold) async -> UpstreamFailure? {
        let end = (firstTokenAt ?? call.worker.loop.now()).advanced(by: hold.time)
        while pendingFailure == nil, !hasEnded {
            if output.count > hold.bytesMax { return letGo(.bytes) }
            let asked = call.worker.loop.now()
            let isReady = await reply.isReady(by: end)
            let now = call.addWait(since: asked)
            // A provider that never pauses reaches the end of the time, too.
            guard isReady, now < end || reply.isFinished else { return letGo(.time) }
            await readOn()
        }
        guard let failure = pendingFailure else { return letGo(.whole) }
        if failure.kind != .cancelled { call.route.metrics.remedies.held(.broken) }
        return failure
    }

    private func letGo(_ outcome: HoldOutcome) -> UpstreamFailure? {
        call.route.metrics.remedies.held(outcome)
        return nil
    }
}
