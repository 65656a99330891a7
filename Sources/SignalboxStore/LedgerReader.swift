import Glibc
internal import GRDB
import SignalboxCore

/// The ledger of a store that another process may have open, read only: for the command line.
package struct LedgerReader: Sendable {
    private let queue: DatabaseQueue

    /// - Throws: `unknown` where there are no records, `newer`, `disk`, `damaged`.
    package init(directory: String) throws(StoreError) {
        let files = StoreFiles(directory)
        guard StoreFiles.size(of: files.database) != nil else {
            throw .unknown("file \(files.database): no usage was recorded there")
        }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        do {
            queue = try DatabaseQueue(path: files.database, configuration: configuration)
            let isNewer = try queue.read { try StoreSchema.migrator.hasBeenSuperseded($0) }
            guard !isNewer else { throw StoreError.newer(path: files.database) }
        } catch {
            throw StoreError(reading: error)
        }
    }

    /// As ``UsageStore/records(_:after:limit:)``.
    package func records(
        _ filter: LedgerFilter, after place: LedgerPlace? = nil, limit: Int
    ) throws(StoreError) -> [StoredRecord] {
        try read { try LedgerReading.records(filter, after: place, limit: limit, $0) }
    }

    /// As ``UsageStore/purged(_:)``.
    package func purged(_ filter: LedgerFilter) throws(StoreError) -> PurgedRecords? {
        try read { try LedgerReading.purged(filter, $0) }
    }

    /// The numbers that the filter's records can have, for whoever shows how far they were read.
    package func numbers(_ filter: LedgerFilter) throws(StoreError) -> ClosedRange<Int64>? {
        try read { try LedgerReading.numbers(filter, $0) }
    }

    /// As ``UsageStore/sums(_:by:)``.
    package func sums(_ filter: LedgerFilter, by groups: [LedgerGroup]) throws(StoreError) -> [LedgerSum] {
        guard let numbers = try read({ try LedgerReading.numbers(filter, $0) }) else { return [] }
        var sums: [[DatabaseValue]: LedgerSum] = [:]
        var first = numbers.lowerBound
        while first <= numbers.upperBound {
            let page = first...min(numbers.upperBound, first + LedgerReading.sumPage - 1)
            try read { try LedgerReading.add(filter, by: groups, page: page, to: &sums, $0) }
            first = page.upperBound + 1
        }
        return LedgerReading.sorted(sums, groups)
    }

    /// What waits for each endpoint.
    package func standings() throws(StoreError) -> [EndpointStanding] {
        try read { try StoreState(reading: $0).endpoints.map(\.standing) }.sorted { $0.name < $1.name }
    }

    /// Deliveries of one state, in the order in which they were frozen.
    package func deliveries(
        _ state: Delivery.State, endpoint: String?, after: String? = nil, limit: Int
    ) throws(StoreError) -> [Delivery.Header] {
        try read { try DeliveryReading.ended(state, endpoint: endpoint, after: after, limit: limit, $0) }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try queue.read(body)
        } catch {
            throw StoreError(reading: error)
        }
    }
}
