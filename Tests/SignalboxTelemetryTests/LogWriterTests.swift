import Glibc
import SignalboxCore
import Synchronization
import Testing

@testable import SignalboxTelemetry

extension LogEvent {
    fileprivate static let tick: LogEvent = "tick"
    fileprivate static let last: LogEvent = "last"
}

@Suite struct LogWriterTests {
    @Test func `every accepted line is written by the time of shutdown`() throws {
        let pipe = TestPipe()
        // An hour: only the shutdown makes the writer hurry.
        let writer = LogWriter(descriptor: pipe.writer, limits: LogLimits(coalescing: .seconds(3_600)))
        let logger = Logger(writer: writer)
        for number in 0..<100 { logger.log(.info, .tick) { $0.int("number", number) } }
        #expect(writer.shutdown(within: .seconds(60)))
        let lines = pipe.remainingLines()
        #expect(lines.count == 100)
        for (number, line) in lines.enumerated() {
            #expect(try JSONValue(parsing: line)["number"] == .number(Double(number)))
        }
        logger.log(.info, .tick)
        #expect(writer.linesDropped == 1)
    }

    @Test func `flush does not wait for company`() {
        let pipe = TestPipe()
        let writer = LogWriter(descriptor: pipe.writer, limits: LogLimits(coalescing: .seconds(3_600)))
        let logger = Logger(writer: writer)
        for _ in 0..<3 {
            logger.log(.info, .tick, requestID: "r-1")
            #expect(writer.flush(within: .seconds(60)))
            #expect(pipe.lines { _ in true }.count == 1)
        }
        #expect(writer.shutdown(within: .seconds(60)))
    }

    @Test func `a reader that stalls costs lines, which are counted and told of, and no waiting`() throws {
        let pipe = TestPipe()
        let writer = LogWriter(descriptor: pipe.writer, limits: LogLimits(bufferBytesMax: 16 << 10))
        let logger = Logger(writer: writer)
        // Nobody reads: were any of these calls to wait, the test would never end.
        // A pipe takes only so much: on a busy machine lines are dropped before it is full.
        var written = 0
        repeat {
            for _ in 0..<500 {
                logger.log(.info, .tick) { $0.int("number", written) }
                written += 1
            }
        } while writer.linesDropped == 0 || writer.flush(within: .milliseconds(1))

        // Several notices may come: the first lines were dropped before the pipe was full.
        var told = 0
        var lines = 0
        _ = try pipe.lines { line in
            if case .number(let count) = try JSONValue(parsing: line)["count"] {
                told += Int(count)
            } else {
                lines += 1
            }
            return told + lines == written
        }
        #expect(writer.linesDropped == UInt64(told))
        #expect(writer.flush(within: .seconds(60)))
        logger.log(.info, .last)
        #expect(writer.shutdown(within: .seconds(60)))
        let rest = pipe.remainingLines()
        #expect(rest.count == 1)
        #expect(try JSONValue(parsing: rest[0])["message"] == .string("last"))
    }

    @Test func `a reader that went away costs lines, not the process`() {
        let pipe = TestPipe()
        let writer = LogWriter(descriptor: pipe.writer)
        pipe.closeReader()
        let logger = Logger(writer: writer)
        for _ in 0..<3 { logger.log(.info, .tick) }
        #expect(writer.shutdown(within: .seconds(60)))
        #expect(writer.linesDropped == 3)
    }

    @Test func `a descriptor that does not block is waited for`() {
        let pipe = TestPipe()
        #expect(fcntl(pipe.writer, F_SETFL, O_NONBLOCK) == 0)
        let writer = LogWriter(descriptor: pipe.writer)
        let logger = Logger(writer: writer)
        for number in 0..<10_000 { logger.log(.info, .tick) { $0.int("number", number) } }
        logger.log(.info, .last)
        #expect(pipe.lines { $0.contains("last") }.count == 10_001)
        #expect(writer.shutdown(within: .seconds(60)))
        #expect(writer.linesDropped == 0)
    }

    @Test func `lines of many threads come out whole`() throws {
        let pipe = TestPipe()
        let writer = LogWriter(descriptor: pipe.writer)
        let logger = Logger(writer: writer)
        let logging = TestThread {
            TestThread.run(4) { thread in
                for _ in 0..<500 {
                    logger.log(.warning, .tick, requestID: "r") { $0.int("thread", thread) }
                }
            }
            logger.log(.warning, .last)
        }
        let lines = pipe.lines { $0.contains("last") }
        logging.join()
        #expect(writer.shutdown(within: .seconds(60)))
        #expect(lines.count == 2_001)
        for line in lines { _ = try JSONValue(parsing: line) }
    }

    @Test func `fields below the level are not even asked for`() {
        let pipe = TestPipe()
        let writer = LogWriter(descriptor: pipe.writer, level: .warning)
        let logger = Logger(writer: writer)
        logger.log(.info, .tick) { _ in Issue.record("formatted in vain") }
        logger.level = .debug
        logger.log(.debug, .tick)
        logger.log(.trace, .tick) { _ in Issue.record("formatted in vain") }
        #expect(writer.shutdown(within: .seconds(60)))
        #expect(pipe.remainingLines().count == 1)
    }

    @Test func `a line logged while another is being written stands on its own`() throws {
        let pipe = TestPipe()
        let writer = LogWriter(descriptor: pipe.writer)
        let logger = Logger(writer: writer)
        logger.log(.info, .tick) { line in
            logger.log(.info, .last)
            line.int("number", 1)
        }
        #expect(writer.shutdown(within: .seconds(60)))
        let messages = try pipe.remainingLines().map { try JSONValue(parsing: $0)["message"] }
        #expect(messages == [.string("last"), .string("tick")])
    }
}
