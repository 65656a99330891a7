import Glibc
import SignalboxCore
import SignalboxStore

/// How far an export is, on a terminal's last line.
struct ExportProgress {
    private(set) var records = 0
    private let isShown: Bool
    private let time: any TimeSource
    private let start: Instant
    private let share: @Sendable (StoredRecord) -> Double
    private var shownAt: Instant

    private static let barWidth = 30
    private static let pause = Duration.milliseconds(100)

    static var isPossible: Bool { isatty(STDERR_FILENO) == 1 }

    /// - Parameter numbers: of the whole ledger; nil where it is empty.
    init(numbers: ClosedRange<Int64>?, filter: LedgerFilter, isShown: Bool, time: any TimeSource) {
        self.isShown = isShown
        self.time = time
        start = time.now()
        shownAt = start
        let now = time.wallTime()
        if let from = filter.from {
            // Pages come in the order of time.
            let first = from.nanosecondsSince1970
            let last = min(filter.to ?? now, now).nanosecondsSince1970
            share = { Self.share($0.time.nanosecondsSince1970, of: first, last) }
        } else {
            let (first, last) = (numbers?.lowerBound ?? 0, numbers?.upperBound ?? 0)
            share = { Self.share($0.number, of: first, last) }
        }
    }

    mutating func show(_ page: [StoredRecord]) {
        records += page.count
        guard isShown, let last = page.last else { return }
        let now = time.now()
        guard shownAt.duration(to: now) >= Self.pause else { return }
        shownAt = now
        let share = share(last)
        let full = Int(share * Double(Self.barWidth))
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: Self.barWidth - full)
        let rate = Int(Double(records) / max(now.seconds(since: start), 0.001))
        StandardError.write("\r[\(bar)] \(Int(share * 100)) %  \(records) records  \(rate)/s\u{1B}[K")
    }

    /// Clears the line.
    func end() {
        if isShown, shownAt != start { StandardError.write("\r\u{1B}[K") }
    }

    private static func share(_ value: Int64, of first: Int64, _ last: Int64) -> Double {
        guard last > first else { return 1 }
        return min(1, max(0, (Double(value) - Double(first)) / (Double(last) - Double(first))))
    }
}
