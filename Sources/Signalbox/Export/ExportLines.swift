import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// The exporter's side of its loop: a pump for each signal, and what they share.
final class ExportLines: @unchecked Sendable {
    // @unchecked: filled before the loop starts, then touched by the loop's thread only.
    private let client: HTTPClient
    private let resource: ExportResource
    private let registry: MetricRegistry
    private let events: ExportEvents
    private let time: any TimeSource
    private var pumps: [ExportPump] = []
    private var tasks: [Task<Void, Never>] = []

    init(
        client: HTTPClient, resource: ExportResource, registry: MetricRegistry, logger: Logger,
        time: any TimeSource
    ) {
        self.client = client
        self.resource = resource
        self.registry = registry
        events = ExportEvents(logger: logger)
        self.time = time
    }

    func start() {
        client.start()
        tasks = pumps.map { pump in
            let carried = Carried(pump: pump)
            return client.loop.spawn { await carried.pump.run() }
        }
    }

    func shutdown(within limit: Duration) async {
        let deadline = client.loop.now().advanced(by: limit)
        for pump in pumps { pump.drain(until: deadline) }
        let watchdog = client.loop.spawn {
            do throws(CancellationError) {
                try await self.client.loop.sleep(until: deadline)
                for pump in self.pumps { pump.channel.giveUp() }
            } catch {
                return  // everything was sent in time
            }
        }
        for task in tasks { await task.value }
        watchdog.cancel()
        await watchdog.value
        client.stop()
    }

    // MARK: What there is to send

    func addTraces(_ settings: Configuration.OTLP.Records) -> SpanQueue {
        let channel = channel(.traces, settings.destination)
        let wake = waker(of: channel)
        let queue = SpanQueue(
            destination: "otlp", capacity: settings.queueMax, batchMin: settings.batchMax, registry: registry,
            wake: wake)
        let dropped = registry.counter(Catalogue.spansDropped).series("otlp")
        let metrics = QueueMetrics(
            registry, .traces, capacity: queue.capacity, size: { [weak queue] in queue?.count ?? 0 },
            dropped: { dropped.value })
        let resource = resource
        add(
            channel, batchMax: settings.batchMax, delay: settings.delay,
            ExportPump.Source(
                waiting: { queue.count },
                export: { channel in
                    let spans = queue.next(upTo: settings.batchMax)
                    metrics.handedOn(spans.count)
                    await Self.send(spans[...], from: resource, on: channel)
                },
                abandon: { metrics.givenUp(queue.next(upTo: .max).count) }))
        return queue
    }

    func addLogs(_ settings: Configuration.OTLP.Records, _ queue: LogExportQueue) {
        let channel = channel(.logs, settings.destination)
        queue.whenFull(waker(of: channel))
        let metrics = QueueMetrics(
            registry, .logs, capacity: queue.capacity, size: { [weak queue] in queue?.count ?? 0 },
            dropped: { [weak queue] in queue?.dropped ?? 0 })
        let resource = resource
        add(
            channel, batchMax: settings.batchMax, delay: settings.delay,
            ExportPump.Source(
                waiting: { queue.count },
                export: { channel in
                    guard let batch = queue.next() else { return }
                    metrics.handedOn(batch.count)
                    await channel.send(LogRequest.encode(batch, from: resource), count: batch.count)
                },
                abandon: { while let batch = queue.next() { metrics.givenUp(batch.count) } }))
    }

    func addMetrics(_ settings: Configuration.OTLP.Metrics) {
        let collection = MetricCollection(registry, settings.histograms, from: resource, time: time)
        add(
            channel(.metrics, settings.destination), batchMax: .max, delay: settings.interval,
            ExportPump.Source(
                // There always are metrics, and after the last export there are none any more.
                waiting: { collection.isOver ? 0 : 1 },
                export: { channel in
                    collection.isOver = channel.isEnding
                    for part in collection.collect() { await channel.send(part.body, count: part.points) }
                },
                abandon: {}))
    }

    /// Spans that make a request too large are sent in halves.
    private static func send(
        _ spans: ArraySlice<SpanRecord>, from resource: ExportResource, on channel: ExportChannel
    ) async {
        let body = TraceRequest.encode(spans, from: resource)
        guard body.count > ExportChannel.requestBytesMax, spans.count > 1 else {
            return await channel.send(body, count: spans.count)
        }
        let middle = spans.startIndex + spans.count / 2
        await send(spans[..<middle], from: resource, on: channel)
        await send(spans[middle...], from: resource, on: channel)
    }

    private func channel(
        _ signal: ExportSignal, _ destination: Configuration.OTLP.Destination
    ) -> ExportChannel {
        ExportChannel(
            signal, to: destination, client: client, registry: registry, events: events, time: time)
    }

    private func add(
        _ channel: ExportChannel, batchMax: Int, delay: Duration, _ source: ExportPump.Source
    ) {
        let schedule = ExportSchedule(batchMax: batchMax, delay: delay, at: time.now())
        pumps.append(ExportPump(channel, schedule, source, time: time))
    }

    /// Ends a channel's pause, from any thread.
    private func waker(of channel: ExportChannel) -> @Sendable () -> Void {
        let loop = client.loop
        let carried = CarriedNap(nap: channel.nap)
        return { loop.execute { carried.nap.wake() } }
    }
}

/// Takes a pump to the loop's thread.
private struct Carried: @unchecked Sendable {
    // @unchecked: made before the loop starts, used on its thread.
    let pump: ExportPump
}

/// Takes a nap's address to threads that only pass it on to the loop's.
private struct CarriedNap: @unchecked Sendable {
    // @unchecked: used on the loop's thread only.
    let nap: Nap
}
