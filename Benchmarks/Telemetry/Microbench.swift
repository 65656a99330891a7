import Glibc
import SignalboxCore
import SignalboxTelemetry
import Synchronization

/// Prints nanoseconds per operation of what the hot path does. Run it in release mode on a quiet machine:
///
///     swift run -c release signalbox-microbench-telemetry
///
/// With `--exposition` it prints a scrape of the whole catalogue instead, for the parsers of others; with
/// `--compare` what `make bench-metrics` compares.
@main
struct Microbench {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case "--exposition": return printExposition(Array(arguments.dropFirst()))
        case "--compare": return compare()
        default: break
        }
        let histograms = makeHistograms()
        let registry = MetricRegistry()
        measureCounters(registry)
        measureHistograms(registry)
        measureExemplars(registry)
        measureGauges(registry)
        measureLogLines()
        measureScrape()
        measureHistogramScrapes(histograms)
    }

    static func measureCounters(_ registry: MetricRegistry) {
        let counter = registry.counter(Catalogue.requests).series("groq", "llama", "success")
        for threads in [1, 2] {
            report("counter increment, \(threads) thread(s)", threads: threads, rounds: 200_000_000) {
                rounds in
                for _ in 0..<rounds { counter.increment() }
            }
        }
        let kept = KeptHandles(counter)
        report("counter increment, handle in a class", threads: 1, rounds: 100_000_000) { kept.increment($0) }
    }

    static func measureHistograms(_ registry: MetricRegistry) {
        let histogram = registry.histogram(Catalogue.requestLatency).series("groq", "llama")
        let values = unpredictableValues()
        for threads in [1, 2] {
            report("histogram observation, \(threads) thread(s)", threads: threads, rounds: 50_000_000) {
                rounds in
                values.withUnsafeBufferPointer { values in
                    for round in 0..<rounds { histogram.observe(values[round & 4_095]) }
                }
            }
        }
    }

    /// Observations of one sampled trace: the first is kept, the others find that it is still new.
    static func measureExemplars(_ registry: MetricRegistry) {
        let histogram = registry.histogram(Catalogue.requestLatency).series("groq", "llama")
        let exemplar = Exemplar(traceIDHigh: 1, traceIDLow: 2, spanID: 3, time: SystemTime().wallTime())
        report("histogram observation with exemplar", threads: 1, rounds: 20_000_000) { rounds in
            for _ in 0..<rounds { histogram.observe(0.5, exemplar: exemplar) }
        }
    }

    /// Sizes no processor can predict.
    static func unpredictableValues() -> [Double] {
        var state: UInt64 = 88_172_645_463_325_252
        return (0..<4_096).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return exp(Double(state % 12_000) / 1_000 - 6)
        }
    }

    static func measureGauges(_ registry: MetricRegistry) {
        let gauge = registry.gauge(Catalogue.inflightRequests).series("groq")
        report("gauge up and down", threads: 1, rounds: 50_000_000) { rounds in
            for _ in 0..<rounds {
                gauge.increment()
                gauge.decrement()
            }
        }
        report("gauge set", threads: 1, rounds: 20_000_000) { rounds in
            for round in 0..<rounds { gauge.set(Double(round)) }
        }
    }

    static func measureScrape() {
        let registry = MetricRegistry(limits: MetricLimits(seriesMax: 20_000))
        let counters = registry.counter(Catalogue.requests)
        for index in 0..<10_000 {
            counters.series("provider-\(index % 10)", "model-\(index / 10)", "success").increment(by: index)
        }
        var text: [UInt8] = []
        registry.renderText(into: &text)
        let bytes = text.count
        print("10,000 series are \(bytes) bytes of text")
        for format in ExpositionFormat.allCases {
            report("scrape of 10,000 series, \(format)", threads: 1, rounds: 200) { rounds in
                var bytes: [UInt8] = []
                for _ in 0..<rounds {
                    bytes.removeAll(keepingCapacity: true)
                    registry.render(format, into: &bytes)
                }
            }
        }
    }

    /// First of all: later, memory that others gave back would hide it.
    static func makeHistograms() -> MetricRegistry {
        let before = residentBytes()
        let histograms = MetricRegistry()
        for index in 0..<1_000 {
            let histogram = histograms.histogram(Catalogue.requestLatency).series("groq", "model-\(index)")
            for place in 0..<12 { histogram.observe(0.05 * Double(1 << place)) }
        }
        print("1,000 histograms on one thread: \((residentBytes() - before) >> 10) KiB")
        return histograms
    }

    static func measureHistogramScrapes(_ histograms: MetricRegistry) {
        for format in ExpositionFormat.allCases {
            report("scrape of 1,000 histograms, \(format)", threads: 1, rounds: 200) { rounds in
                var bytes: [UInt8] = []
                for _ in 0..<rounds {
                    bytes.removeAll(keepingCapacity: true)
                    histograms.render(format, into: &bytes)
                }
            }
        }
    }

    private static func residentBytes() -> Int {
        var pages = 0
        if let file = fopen("/proc/self/statm", "r") {
            var line = [CChar](repeating: 0, count: 128)
            if fgets(&line, 128, file) != nil {
                let words = String(decoding: line.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
                    separator: " ")
                pages = words.dropFirst().first.flatMap { Int($0) } ?? 0
            }
            fclose(file)
        }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Runs `work` on so many threads at once and prints the processor time one round took on each: what a
    /// caller pays, whatever else the machine is doing.
    static func report(
        _ name: String, threads: Int, rounds: Int, _ work: @escaping @Sendable (Int) -> Void
    ) {
        work(rounds / 20)
        let spent = Atomic<Int64>(0)
        let running = (0..<threads).map { _ in
            Thread {
                let start = threadTime()
                work(rounds)
                spent.add(threadTime() - start, ordering: .relaxed)
            }
        }
        for thread in running { thread.join() }
        let nanoseconds = Double(spent.load(ordering: .relaxed)) / Double(rounds * threads)
        print("\(name): \((nanoseconds * 100).rounded() / 100) ns")
    }

    private static func threadTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Handles are usually kept so: this shows whether using them costs a retain and a release.
final class KeptHandles: Sendable {
    let counter: Counter

    init(_ counter: Counter) {
        self.counter = counter
    }

    func increment(_ rounds: Int) {
        for _ in 0..<rounds { step() }
    }

    @inline(never)
    func step() {
        counter.increment()
    }
}
