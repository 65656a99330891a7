package import SignalboxCore

/// Where a page of the ledger ended. It stays where it is when its record is purged.
package struct LedgerPlace: Sendable, Equatable {
    package let number: Int64
    package let sequence: Int64
    package let time: WallTime

    package init(after record: StoredRecord) {
        number = record.number
        sequence = record.sequence
        time = record.time
    }

    /// As ``text`` has written it; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int64($0) }
        guard parts.count == 3, let number = parts[0], let sequence = parts[1], let at = parts[2],
            !at.multipliedReportingOverflow(by: 1_000).overflow
        else { return nil }
        self.number = number
        self.sequence = sequence
        time = WallTime(microseconds: at)
    }

    /// For callers who bring it back: three numbers with points between them.
    package var text: String { "\(number).\(sequence).\(time.microseconds)" }
}

/// Records that were there and are not any more, because nobody waited for them.
package struct PurgedRecords: Sendable, Equatable {
    package var records: Int64
    /// Days of UTC, the first and the last: `2026-11-21`.
    package var first: String
    package var last: String
}
