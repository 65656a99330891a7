import SignalboxCore

/// A histogram with its classic buckets and, where there are any, its native ones.
extension ProtobufExposition {
    private enum Histogram {
        static let count = 1
        static let sum = 2
        static let bucket = 3
        static let created = 15
        static let schema = 5
        static let zeroThreshold = 6
        static let zeroCount = 7
        static let positiveSpan = 12
        static let positiveDelta = 13
        static let exemplars = 16
    }

    private enum Bucket {
        static let cumulativeCount = 1
        static let upperBound = 2
        static let exemplar = 3
    }

    private enum Span {
        static let offset = 1
        static let length = 2
    }

    static func append(_ point: HistogramPoint, created: WallTime?, to writer: inout ProtobufWriter) {
        writer.uint(Histogram.count, point.count)
        writer.double(Histogram.sum, point.sum)
        var cumulative: UInt64 = 0
        for (index, count) in point.counts.enumerated() {
            cumulative &+= count
            writer.message(Histogram.bucket) { writer in
                writer.uint(Bucket.cumulativeCount, cumulative)
                let isLast = index == point.bounds.count
                writer.double(Bucket.upperBound, isLast ? .infinity : point.bounds[index])
                if !point.exemplars.isEmpty, let exemplar = point.exemplars[index] {
                    writer.message(Bucket.exemplar) { append(exemplar, to: &$0) }
                }
            }
        }
        if let native = point.native { append(native, of: point, to: &writer) }
        if let created { writer.message(Histogram.created) { append(created, to: &$0) } }
    }

    private static func append(
        _ native: NativeBuckets, of point: HistogramPoint, to writer: inout ProtobufWriter
    ) {
        writer.sint(Histogram.schema, Int64(native.schema))
        writer.double(Histogram.zeroThreshold, native.zeroThreshold)
        writer.uint(Histogram.zeroCount, native.zeroCount)
        let spans = NativeSpans(native)
        for span in spans.spans {
            writer.message(Histogram.positiveSpan) { writer in
                writer.sint(Span.offset, Int64(span.offset))
                writer.uint(Span.length, UInt64(span.length))
            }
        }
        writer.packed(Histogram.positiveDelta, sints: spans.deltas)
        // The newest of each range of sizes stands for its native bucket too.
        for case .some(let exemplar) in point.exemplars {
            writer.message(Histogram.exemplars) { append(exemplar, to: &$0) }
        }
    }
}

/// Native buckets as the format has them: runs of neighbours, each count as the difference to the one before.
struct NativeSpans {
    struct Span: Hashable {
        /// From the end of the span before; of the first, its first bucket's index.
        var offset: Int
        var length: Int
    }

    /// So many empty buckets cost no more than a span of their own.
    private static let gapMax = 2

    private(set) var spans: [Span] = []
    private(set) var deltas: [Int64] = []

    init(_ native: NativeBuckets) {
        /// Where the next span begins to count its offset.
        var end = 0
        var last: UInt64 = 0
        for (place, count) in zip(native.firstIndex..., native.counts) where count > 0 {
            let gap = place - end
            if !spans.isEmpty && gap <= Self.gapMax {
                spans[spans.count - 1].length += gap + 1
                for _ in 0..<gap { append(0, after: &last) }
            } else {
                spans.append(Span(offset: gap, length: 1))
            }
            append(count, after: &last)
            end = place + 1
        }
    }

    private mutating func append(_ count: UInt64, after last: inout UInt64) {
        deltas.append(Int64(bitPattern: count &- last))
        last = count
    }
}
