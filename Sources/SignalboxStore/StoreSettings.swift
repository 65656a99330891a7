/// Where usage records are kept, and how much of them.
package struct StoreSettings: Sendable, Equatable {
    /// Made if it is missing.
    package var directory: String
    /// Bytes in the database file that records may fill; what nobody waits for goes first, oldest first.
    package var sizeMax: Int
    /// How long a record is kept that nobody waits for; what is pending stays, however old.
    package var retention: Duration
    /// Records that may wait for the disk.
    package var pendingMax: Int

    package static let sizeMaxDefault = 4 << 30
    package static let retentionDefault: Duration = .seconds(90 * 86_400)
    package static let pendingMaxDefault = 65_536
    /// Below it there is no room for what SQLite needs for itself.
    package static let sizeMaxMin = 1 << 20

    package init(
        directory: String, sizeMax: Int = sizeMaxDefault, retention: Duration = retentionDefault,
        pendingMax: Int = pendingMaxDefault
    ) {
        self.directory = directory
        self.sizeMax = sizeMax
        self.retention = retention
        self.pendingMax = pendingMax
    }
}
