import Foundation
import SignalboxCore
import Testing

@testable import SignalboxTelemetry

@Suite struct NativeHistogramTests {
    let registry = MetricRegistry()

    @Test func `every bucket ends where the format says, that bound included`() throws {
        let scale = NativeScale(above: 300)
        for place in 0..<NativeScale.bucketCount {
            let end = Self.end(of: place, scale)
            #expect(scale.place(of: end) == place)
            #expect(scale.place(of: end.nextUp) == place + 1)
        }
        #expect(scale.place(of: scale.zeroThreshold) == -1)
        #expect(scale.place(of: scale.zeroThreshold.nextUp) == 0)
    }

    @Test func `any value lies within the bounds of its bucket`() {
        var random = FastRandom(seed: 7)
        for bound in [1e-9, 1, 300, 67_108_864, 1e300, 1e-300] {
            let scale = NativeScale(above: bound)
            for _ in 0..<20_000 {
                let exponent = Double.random(in: -47...16, using: &random)
                let value = bound * exp2(exponent)
                let place = scale.place(of: value)
                guard value.isFinite, place >= 0 else { continue }
                #expect(value <= Self.end(of: place, scale))
                #expect(value > Self.end(of: place - 1, scale))
            }
        }
    }

    @Test func `one observation is in a classic and in a native bucket`() throws {
        let histogram = registry.histogram(Self.sizes).series()
        for value in [0, 0.7, 1, 3, 3.01, 1_000] { histogram.observe(value) }
        let point = try Self.point(registry)
        #expect(point.counts == [3, 2, 1])
        #expect(point.count == 6)
        #expect(point.sum == 1_007.71)
        let native = try #require(point.native)
        #expect(native.schema == 3)
        #expect(native.zeroCount == 1)
        // 1 ends bucket 0; 3 and 3.01 are in (2^(12/8), 2^(13/8)]; 1,000 is in (2^(79/8), 2^(80/8)].
        #expect(native.firstIndex == Int((log2(0.7) * 8).rounded(.up)))
        let filled = native.counts.enumerated().filter { $0.element > 0 }
        #expect(filled.map { native.firstIndex + $0.offset } == [-4, 0, 13, 80])
        #expect(filled.map(\.element) == [1, 1, 2, 1])
    }

    @Test func `what is too small counts as zero, and what is too large in the highest bucket`() throws {
        let histogram = registry.histogram(Self.sizes).series()
        for value in [-0.0, 0, .leastNonzeroMagnitude, 1e-300, 1e300, .greatestFiniteMagnitude] {
            histogram.observe(value)
        }
        let native = try #require(try Self.point(registry).native)
        #expect(native.zeroCount == 4)
        #expect(native.zeroThreshold == exp2(-45.0))
        #expect(native.counts == [2])
        #expect(native.firstIndex == 19 * 8)
    }

    @Test func `threads that come and go, and those that share, lose no observation`() throws {
        let histogram = registry.histogram(Self.sizes).series()
        TestThread.run(ThreadSlot.ownedMax + 10) { index in
            for round in 0..<200 { histogram.observe(Double(index * round)) }
        }
        let point = try Self.point(registry)
        #expect(point.count == UInt64((ThreadSlot.ownedMax + 10) * 200))
        #expect(point.native?.total == point.count)
        #expect(point.counts.reduce(0, +) == point.count)
    }

    @Test func `both kinds of buckets add up to the count while threads observe`() throws {
        let histogram = registry.histogram(Self.sizes).series()
        let work = TestThread { for index in 0..<200_000 { histogram.observe(Double(index % 10)) } }
        for _ in 0..<200 {
            let point = try Self.point(registry)
            #expect(point.native?.total == point.count)
            #expect(point.counts.reduce(0, +) == point.count)
        }
        work.join()
        #expect(try Self.point(registry).count == 200_000)
    }

    @Test(
        arguments: [
            ([1, 2, 3], 6, [1, 2, 3]), ([1, 2, 3], 7, [1, 2, 4]), ([1, 2, 3], 5, [1, 2, 2]),
            ([1, 2, 3], 2, [1, 1, 0]), ([0, 0, 0], 1, [0, 0, 1]),
        ] as [([UInt64], UInt64, [UInt64])])
    func `classic buckets give way to the count`(counts: [UInt64], total: UInt64, expected: [UInt64]) {
        var fitted = counts
        HistogramPoint.fit(&fitted, to: total)
        #expect(fitted == expected)
    }

    @Test func `a registry without native histograms has none`() throws {
        let plain = MetricRegistry(options: MetricOptions(nativeHistograms: false))
        plain.histogram(Self.sizes).series().observe(1)
        let point = try Self.point(plain)
        #expect(point.native == nil)
        #expect(point.count == 1)
    }

    static let sizes = MetricDefinition("test_sizes", .histogram, help: "Sizes.", buckets: [1, 4])

    /// The one histogram of `registry`.
    static func point(_ registry: MetricRegistry) throws -> HistogramPoint {
        var found: HistogramPoint?
        for family in registry.snapshot().families {
            family.forEachPoint([.nativeBuckets, .exemplars]) {
                if case .histogram(let point) = $0.value { found = point }
            }
        }
        return try #require(found)
    }

    private static func end(of place: Int, _ scale: NativeScale) -> Double {
        let (doublings, steps) = (place + 1).quotientAndRemainder(dividingBy: 8)
        return scale.zeroThreshold * exp2(Double(doublings)) * exp2(Double(steps) / 8)
    }
}
