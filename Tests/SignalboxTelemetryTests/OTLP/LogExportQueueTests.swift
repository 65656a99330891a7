import SignalboxCore
import Synchronization
import Testing

@testable import SignalboxTelemetry

extension LogEvent {
    fileprivate static let tick: LogEvent = "tick"
}

@Suite struct LogExportQueueTests {
    private let pipe = TestPipe()

    /// Returns once the writer has ended: nothing may write to a pipe that is another test's by then.
    private func log(_ count: Int, to queue: LogExportQueue, format: LogFormat = .json) {
        let writer = LogWriter(descriptor: pipe.writer, format: format, exports: queue)
        let logger = Logger(writer: writer)
        for number in 0..<count { logger.log(.info, .tick) { $0.int("number", number) } }
        #expect(writer.shutdown(within: .seconds(60)))
    }

    @Test func `batches are full but for the last, and in order`() throws {
        let queue = LogExportQueue(batchMax: 4)
        log(10, to: queue)
        let batches = [queue.next(), queue.next(), queue.next(), queue.next()]
        #expect(batches.map { $0?.count } == [4, 4, 2, nil])
        let lines = batches.compactMap(\.self).flatMap {
            String(decoding: $0.bytes, as: UTF8.self).split(separator: "\n")
        }
        let numbers = try lines.map { try JSONValue(parsing: String($0))["number"] }
        #expect(numbers == (0..<10).map { .number(Double($0)) })
        #expect(queue.count == 0)
    }

    @Test func `a full queue drops what comes and counts it`() {
        let queue = LogExportQueue(capacity: 3)
        log(5, to: queue)
        #expect(queue.count == 3)
        #expect(queue.dropped == 2)
        #expect(queue.next()?.count == 3)
        log(1, to: queue)
        #expect(queue.next()?.count == 1)
    }

    @Test func `bytes are bounded too`() {
        let queue = LogExportQueue(bytesMax: 1_024)
        log(100, to: queue)
        #expect(queue.count < 20)
        #expect(queue.dropped == UInt64(100 - queue.count))
    }

    @Test func `the consumer is woken by each full batch`() {
        let wakes = Atomic(0)
        let queue = LogExportQueue(batchMax: 3)
        queue.whenFull { wakes.add(1, ordering: .relaxed) }
        log(8, to: queue)
        #expect(wakes.load(ordering: .relaxed) == 2)
    }

    @Test func `a closed queue takes nothing more and gives what it has`() {
        let queue = LogExportQueue()
        log(2, to: queue)
        queue.close()
        log(3, to: queue)
        #expect(queue.next()?.count == 2)
        #expect(queue.dropped == 3)
    }

    @Test func `a log for people is exported as the JSON that it would have been`() throws {
        let queue = LogExportQueue()
        log(1, to: queue, format: .text)
        let text = try #require(pipe.remainingLines().first)
        #expect(text.hasSuffix(" info tick number=0"), "\(text)")
        let copy = try #require(queue.next())
        let line = try JSONValue(parsing: String(decoding: copy.bytes.dropLast(), as: UTF8.self))
        #expect(line["message"] == .string("tick"))
        #expect(line["number"] == .number(0))
    }
}
