internal import GRDB
package import SignalboxCore

// The ledger, page by page.
extension UsageStore {
    /// - Parameters:
    ///   - after: the number of the last record of the page before; 0 for the first page.
    /// - Returns: in the order of commits, or of time where the filter has a beginning; fewer than `limit`
    ///   where there are no more.
    package func records(
        _ filter: LedgerFilter, after: Int64, limit: Int
    ) async throws(StoreError) -> [StoredRecord] {
        try await read { try LedgerReading.records(filter, after: after, limit: limit, $0) }
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
