internal import GRDB
import SignalboxCore

// Deliveries that are made of no records.
extension UsageStore {
    /// Gives an endpoint one body to deliver that is not made of its tenant's records, with the same
    /// promises. It counts as one record that is pending.
    package func post(_ body: FrozenBody, to endpoint: String) async throws(StoreError) -> Delivery.Header {
        try await write { try $0.post(body, to: endpoint) }
    }
}

extension LedgerWriter {
    func post(_ body: FrozenBody, to endpoint: String) throws -> Delivery.Header {
        let index = try endpointIndex(of: endpoint)
        let now = time.wallTime()
        let header = Delivery.Header(
            id: nextID(now), endpoint: endpoint, tenant: state.endpoints[index].standing.tenant, first: 0,
            last: 0, records: 1, bytes: body.bytes.count, note: body.note, state: .pending, attempts: 0,
            created: now, next: now)
        try insert(header, body.bytes, oldest: now.microseconds, index)
        return header
    }
}
