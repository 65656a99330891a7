/// Hears what the writer does, on its thread: it must not wait.
package protocol StoreObserver: Sendable {
    /// A transaction with records is on disk. `seconds` is from its beginning to the end of the commit.
    func committed(records: Int, seconds: Double)
    /// Records that had been accepted are not on disk and will not be.
    func lost(records: Int, error: StoreError)
    func changed(to condition: StoreCondition)
    /// Records that nobody waits for have gone: because of their age, or where `forRoom`, earlier than that,
    /// because records fill what they may.
    func purged(records: Int, forRoom: Bool)
}

/// For those who do not listen.
package struct SilentObserver: StoreObserver {
    package init() {}
    package func committed(records: Int, seconds: Double) {}
    package func lost(records: Int, error: StoreError) {}
    package func changed(to condition: StoreCondition) {}
    package func purged(records: Int, forRoom: Bool) {}
}
