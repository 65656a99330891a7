internal import GRDB
package import SignalboxCore

// The ledger, page by page.
extension UsageStore {
    /// - Parameters:
    ///   - place: where the page before ended; nil for the first page.
    /// - Returns: in the order of commits, or of time where the filter has a beginning; fewer than `limit`
    ///   where there are no more.
    package func records(
        _ filter: LedgerFilter, after place: LedgerPlace? = nil, limit: Int
    ) async throws(StoreError) -> [StoredRecord] {
        try await read { try LedgerReading.records(filter, after: place, limit: limit, $0) }
    }

    /// The lowest and the highest sequence of the filter's records, which has a tenant; nil where there are
    /// none.
    package func sequences(_ filter: LedgerFilter) async throws(StoreError) -> ClosedRange<Int64>? {
        precondition(filter.tenant != nil, "sequences are a tenant's")
        return try await read { try LedgerReading.sequences(filter, $0) }
    }

    /// What the filter's time has lost to retention.
    package func purged(_ filter: LedgerFilter) async throws(StoreError) -> PurgedRecords? {
        try await read { try LedgerReading.purged(filter, $0) }
    }

    /// What the filter's records come to, exactly, for each combination of the groups' values and each
    /// currency. Read in pages, so that nothing waits for it: records that are committed or purged meanwhile
    /// may count or not.
    package func sums(
        _ filter: LedgerFilter, by groups: [LedgerGroup]
    ) async throws(StoreError) -> [LedgerSum] {
        guard let numbers = try await read({ try LedgerReading.numbers(filter, $0) }) else { return [] }
        var sums: [[DatabaseValue]: LedgerSum] = [:]
        var first = numbers.lowerBound
        while first <= numbers.upperBound {
            let page = first...min(numbers.upperBound, first + LedgerReading.sumPage - 1)
            let known = sums
            sums = try await read { db in
                var sums = known
                try LedgerReading.add(filter, by: groups, page: page, to: &sums, db)
                return sums
            }
            first = page.upperBound + 1
        }
        return LedgerReading.sorted(sums, groups)
    }

    /// What a tenant, or one of its keys, has spent since a moment. The beginning of a UTC day is exact
    /// whatever has been purged.
    package func spent(
        tenant: String, tenantKey: String? = nil, since: WallTime
    ) async throws(StoreError) -> Spent {
        try await read {
            try LedgerReading.spent(tenant: tenant, tenantKey: tenantKey, since: since, $0)
        }
    }
}
