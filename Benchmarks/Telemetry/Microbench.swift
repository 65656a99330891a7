import Glibc
import SignalboxCore
import SignalboxTelemetry

/// Prints nanoseconds per operation of what the hot path does. Run it in release mode on a quiet machine:
///
///     swift run -c release signalbox-microbench-telemetry
@main
struct Microbench {
    static func main() {
        let registry = MetricRegistry()
        measureCounters(registry)
        measureHistograms(registry)
        measureGauges(registry)
        measureLogLines()
        measureScrape()
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
        // Sizes no processor can predict.
        var state: UInt64 = 88_172_645_463_325_252
        let values = (0..<4_096).map { _ -> Double in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return exp(Double(state % 12_000) / 1_000 - 6)
        }
        for threads in [1, 2] {
            report("histogram observation, \(threads) thread(s)", threads: threads, rounds: 50_000_000) {
                rounds in
                values.withUnsafeBufferPointer { values in
                    for round in 0..<rounds { histogram.observe(values[round & 4_095]) }
                }
            }
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
        report("scrape of 10,000 series (\(bytes) bytes)", threads: 1, rounds: 200) { rounds in
            var text: [UInt8] = []
            for _ in 0..<rounds {
                text.removeAll(keepingCapacity: true)
                registry.renderText(into: &text)
            }
        }
        let histograms = MetricRegistry()
        for index in 0..<1_000 {
            histograms.histogram(Catalogue.requestLatency).series("groq", "model-\(index)").observe(0.5)
        }
        report("scrape of 1,000 histograms (18,000 lines)", threads: 1, rounds: 200) { rounds in
            var text: [UInt8] = []
            for _ in 0..<rounds {
                text.removeAll(keepingCapacity: true)
                histograms.renderText(into: &text)
            }
        }
    }

    /// Runs `work` on so many threads at once and prints what one round took on each.
    static func report(
        _ name: String, threads: Int, rounds: Int, _ work: @escaping @Sendable (Int) -> Void
    ) {
        work(rounds / 20)
        let start = SystemTime().now()
        let running = (0..<threads).map { _ in Thread { work(rounds) } }
        for thread in running { thread.join() }
        let nanoseconds = SystemTime().now().seconds(since: start) * 1e9 / Double(rounds)
        let tenths = (nanoseconds * 100).rounded() / 100
        print("\(name): \(tenths) ns")
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
