package import SignalboxCore

/// Where usage records are written down, in the order in which they are given.
///
/// Behind it is a disk; tests have slower and worse ones. From any thread.
package protocol UsageJournal: Sendable {
    /// Hands a record over; it is not safe yet. Never waits.
    /// - Throws: where nothing can be written: the record is not kept.
    func append(_ record: UsageRecord) throws(UsageJournalFailure) -> any UsageTicket

    /// Why nothing can be written at the moment; nil where it can.
    var failure: UsageJournalFailure? { get }
}

/// A record on its way to the disk.
package protocol UsageTicket: Sendable {
    /// Waits until the record, and every one before it, would survive a crash.
    /// - Throws: where it was not written, and will not be.
    func committed() async throws(UsageJournalFailure)
}

/// Why a record was not written.
package struct UsageJournalFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// A metric's label.
    package enum Reason: String, Sendable, CaseIterable {
        /// What the configuration allows is used up, by records that wait to be delivered.
        case full
        /// The disk is full, or does not do what it should.
        case disk
        /// More records wait for the disk than may.
        case backlog
        /// The program is ending.
        case closed
    }

    package let reason: Reason
    package let description: String

    package init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }
}
