/// A cost in nano-units as three integers of SQLite, which has 64 bits: `high * 2^64 + middle * 2^32 + low`.
///
/// The two lower ones have 32 bits each, so that SQLite can sum two thousand million of them; the highest is
/// 0 or -1 for every sum of money that there is.
struct CostLimbs {
    var high: Int64
    var middle: Int64
    var low: Int64

    init(_ nano: Int128) {
        low = Int64(truncatingIfNeeded: nano & 0xFFFF_FFFF)
        middle = Int64(truncatingIfNeeded: nano >> 32 & 0xFFFF_FFFF)
        high = Int64(truncatingIfNeeded: nano >> 64)
    }

    /// What sums of limbs come to; nil where 128 bits do not hold it.
    static func sum(high: Int64, middle: Int64, low: Int64) -> Int128? {
        let (top, isTooLarge) = Int128(high).multipliedReportingOverflow(by: 1 << 64)
        if isTooLarge { return nil }
        let (sum, overflow) = top.addingReportingOverflow(Int128(middle) << 32 + Int128(low))
        return overflow ? nil : sum
    }
}
