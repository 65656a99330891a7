/// What the store met when it was opened, and what that cost: for the log.
package struct StoreFinding: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A file that could not be read, or not wholly, was set aside; nothing of it was changed.
        case setAside = "set_aside"
        /// Records that had been kept are missing, or may be.
        case lost
        /// What could be read of a damaged file is in the new one.
        case salvaged
        /// After an unclean stop there was not the time to read the whole file.
        case unchecked
    }

    package var kind: Kind
    /// The whole story in a sentence: files, tenants, counts, sequences.
    package var message: String
}
