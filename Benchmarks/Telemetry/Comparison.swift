import Glibc
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import Synchronization

/// The operations that Benchmarks/Metrics compares with other clients: one line of JSON for each.
///
/// By the wall clock, as the other programs cannot ask for their threads' processor time: so on a quiet
/// machine only.
extension Microbench {
    static func compare() {
        compareOperations()
        for series in [1_000, 10_000, 100_000] { compareScrapes(series) }
        compareLogLines()
    }

    private static func compareOperations() {
        let registry = MetricRegistry()
        let counter = registry.counter(Catalogue.requests).series("groq", "llama", "success")
        let histogram = registry.histogram(Catalogue.requestLatency).series("groq", "llama")
        let values = unpredictableValues()
        for threads in [1, 2] {
            let counting = nanoseconds(threads: threads, rounds: 100_000_000) { rounds in
                for _ in 0..<rounds { counter.increment() }
            }
            print(#"{"operation":"counter","threads":\#(threads),"value":\#(counting)}"#)
            let observing = nanoseconds(threads: threads, rounds: 30_000_000) { rounds in
                values.withUnsafeBufferPointer { values in
                    for round in 0..<rounds { histogram.observe(values[round & 4_095]) }
                }
            }
            print(#"{"operation":"histogram","threads":\#(threads),"value":\#(observing)}"#)
        }
    }

    private static func compareScrapes(_ series: Int) {
        let registry = MetricRegistry(limits: MetricLimits(seriesMax: series))
        let counters = registry.counter(Catalogue.requests)
        for index in 0..<series {
            counters.series("provider-\(index % 10)", "model-\(index / 10)", "success").increment(by: index)
        }
        // A daemon knows from the last scrape how much it will be.
        var size = 0
        compareScrape(series, "plain") {
            var text: [UInt8] = []
            text.reserveCapacity(size)
            registry.renderText(into: &text)
            size = text.count
            return size
        }
        compareScrape(series, "gzip") {
            var text: [UInt8] = []
            text.reserveCapacity(size)
            registry.renderText(into: &text)
            return Gzip.compress(text, level: Gzip.expositionLevel)?.count ?? 0
        }
    }

    /// The median of as many as fit into most of a second, each with a fresh buffer, as a daemon's are.
    private static func compareScrape(_ series: Int, _ encoding: String, _ scrape: () -> Int) {
        var took: [Double] = []
        var bytes = 0
        let begin = wallTime()
        while took.count < 5 || wallTime() - begin < 700_000_000 {
            let start = wallTime()
            bytes = scrape()
            took.append(Double(wallTime() - start) / 1e6)
        }
        took.sort()
        let median = took[took.count / 2]
        print(
            #"{"operation":"scrape","series":\#(series),"encoding":"\#(encoding)","#
                + #""value":\#(median),"bytes":\#(bytes)}"#)
    }

    private static func compareLogLines() {
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        let writer = LogWriter(descriptor: null, limits: LogLimits(bufferBytesMax: 256 << 20))
        let logger = Logger(writer: writer)
        for threads in [1, 2] {
            let logging = nanoseconds(threads: threads, rounds: 300_000) { rounds in
                for _ in 0..<rounds { logRequest(logger) }
            }
            print(#"{"operation":"log line","threads":\#(threads),"value":\#(logging)}"#)
        }
        writer.shutdown()
        precondition(writer.linesDropped == 0, "dropped lines cost less than written ones")
    }

    /// What one round took on each of so many threads at once.
    private static func nanoseconds(
        threads: Int, rounds: Int, _ work: @escaping @Sendable (Int) -> Void
    ) -> Double {
        work(rounds / 20)
        let spent = Atomic<Int64>(0)
        let running = (0..<threads).map { _ in
            Thread {
                let start = wallTime()
                work(rounds)
                spent.add(wallTime() - start, ordering: .relaxed)
            }
        }
        for thread in running { thread.join() }
        return Double(spent.load(ordering: .relaxed)) / Double(rounds * threads)
    }

    private static func wallTime() -> Int64 {
        SystemTime().now().nanoseconds
    }
}
