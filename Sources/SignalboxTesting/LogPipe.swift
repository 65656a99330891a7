import Glibc
package import SignalboxTelemetry

/// A log whose lines a test waits for, one after the other.
package final class LogPipe: Sendable {
    package let writer: LogWriter
    private let lines = Handover<String>()
    private let descriptor: Int32

    package init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw NoPipe() }
        descriptor = ends[1]
        writer = LogWriter(descriptor: ends[1])
        let (reader, lines) = (ends[0], lines)
        RawThread.start { LogPipe.read(reader, into: lines) }
    }

    deinit {
        writer.shutdown()
        close(descriptor)
    }

    /// The next line with that event; those before it are dropped.
    package func line(_ event: String, containing part: String = "") throws -> String {
        while true {
            let line = try lines.take()
            if line.contains("\"message\":\"\(event)\""), line.contains(part) { return line }
        }
    }

    private struct NoPipe: Error {}

    private static func read(_ descriptor: Int32, into lines: Handover<String>) {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer[..<count]
            while let end = text.firstIndex(of: 0x0A) {
                lines.put(String(decoding: text[..<end], as: UTF8.self))
                text.removeFirst(end + 1)
            }
        }
        close(descriptor)
    }
}
