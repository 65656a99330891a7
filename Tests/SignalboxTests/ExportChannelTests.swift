import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Testing

@testable import Signalbox

@Suite struct ExportChannelTests {
    private let registry = MetricRegistry()
    private let writer = LogWriter(descriptor: -1)
    private let loop: EventLoop

    init() throws {
        loop = try EventLoop(index: 0)
        try loop.start()
    }

    private func end() {
        loop.stop()
        loop.join()
        writer.shutdown()
    }

    /// Sends one request, and answers how many records are counted as lost for that reason.
    private func lost(_ bodyBytes: Int, records: Int, to port: Int, as label: String) throws -> UInt64 {
        var destination = Configuration.OTLP.Destination(url: "http://127.0.0.1:\(port)/v1/traces")
        destination.compression = .none
        let (loop, registry, logger) = (loop, registry, Logger(writer: writer))
        let settings = destination
        try loop.run {
            let client = try HTTPClient(loop: loop)
            client.start()
            let channel = ExportChannel(
                .traces, to: settings, client: client, registry: registry,
                events: ExportEvents(logger: logger), time: SystemTime())
            await channel.send([UInt8](repeating: 0, count: bodyBytes), count: records)
            client.stop()
        }
        let type = "otlp_http_span_exporter"
        return registry.counter(Catalogue.exported.traces)
            .series("\(type)/0", type, "127.0.0.1", "\(port)", label).value
    }

    @Test func `a request of more than 64 MiB is never sent, and its records are counted`() throws {
        defer { end() }
        let server = try RawServer { _ in }
        defer { server.stop() }
        let lost = try lost(64 << 20 | 1, records: 7, to: server.port, as: "request_too_large")
        #expect(lost == 7)
        #expect(server.accepted == 0)
    }

    @Test func `a refusal for good is asked for once`() throws {
        defer { end() }
        let server = try RawServer { socket in
            guard socket.readMessage() != nil else { return }
            _ = socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        }
        defer { server.stop() }
        #expect(try lost(100, records: 3, to: server.port, as: "413") == 3)
        #expect(server.accepted == 1)
    }
}
