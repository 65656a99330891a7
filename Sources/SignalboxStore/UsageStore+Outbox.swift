internal import GRDB
package import SignalboxCore

// The outbox: cursors in the ledger, and deliveries frozen from it.
extension UsageStore {
    /// Records a delivery may be made of, whatever its maker asks for.
    package static let freezeMax = 10_000

    /// Says who wants records from now on. A new endpoint begins after its tenant's last record; one that was
    /// known goes on where it was; one that is missing keeps its cursor and what is pending for it.
    package func register(endpoints: [EndpointIdentity]) async throws(StoreError) {
        try await write { try $0.register(endpoints) }
    }

    /// Freezes the records after the endpoint's cursor into a delivery, and moves the cursor: in one
    /// transaction. One call at a time for an endpoint.
    /// - Parameters:
    ///   - bytesMax: JSON of the records offered to `encode`, together; one is offered whatever its size.
    ///   - encode: makes the bytes of the first of them, as many as it wants; called on no thread of the
    ///     store's.
    /// - Returns: nil where no record waits.
    /// - Throws: `encoding` for what `encode` threw; `unknown` for an endpoint that is not registered.
    package func freeze(
        endpoint: String, recordsMax: Int, bytesMax: Int,
        encode: @Sendable ([StoredRecord]) throws -> FrozenBody
    ) async throws(StoreError) -> Delivery? {
        guard let standing = board.standing(of: endpoint), standing.isRegistered else {
            throw .unknown("endpoint \(endpoint)")
        }
        let limit = min(recordsMax, Self.freezeMax)
        let records = try await read { db in
            try RecordReading.after(
                standing.cursor, of: standing.tenant, recordsMax: limit, bytesMax: bytesMax, db)
        }
        guard !records.isEmpty else { return nil }
        let body: FrozenBody
        do {
            body = try encode(records)
        } catch {
            throw .encoding("\(error)")
        }
        precondition((1...records.count).contains(body.records), "a delivery has some of what it was offered")
        let frozen = Array(records.prefix(body.records))
        return try await write { try $0.freeze(frozen, as: body, for: endpoint, after: standing.cursor) }
    }

    /// Pending deliveries whose time has come, in the order in which they were frozen.
    /// - Parameter endpoint: nil for all.
    package func due(
        at time: WallTime, endpoint: String?, limit: Int
    ) async throws(StoreError) -> [Delivery.Header] {
        try await read { try DeliveryReading.due(at: time, endpoint: endpoint, limit: limit, $0) }
    }

    /// The time of the next attempt that is due at all, of one endpoint or of all; nil where nothing is
    /// pending.
    package func nextDue(endpoint: String?) async throws(StoreError) -> WallTime? {
        try await read { try DeliveryReading.nextDue(endpoint: endpoint, $0) }
    }

    package func header(of id: String) async throws(StoreError) -> Delivery.Header {
        try await read { try DeliveryReading.header(of: id, $0) }
    }

    /// The bytes of a delivery that is pending or dead.
    package func body(of id: String) async throws(StoreError) -> [UInt8] {
        try await read { try DeliveryReading.body(of: id, $0) }
    }

    /// Settles an attempt at a pending delivery.
    /// - Returns: the deliveries that took its place, if any.
    /// - Throws: `unknown` where it is not pending: it was settled already.
    @discardableResult
    package func attempted(
        _ id: String, _ result: DeliveryResult
    ) async throws(StoreError) -> [Delivery.Header] {
        try await write { try $0.settle(id, result) }
    }

    /// Keeps a note why nothing is sent to an endpoint, over restarts; its records wait.
    package func setDisabled(endpoint: String, reason: String) async throws(StoreError) {
        try await write { try $0.setDisabled(endpoint, reason) }
    }

    package func enable(endpoint: String) async throws(StoreError) {
        try await write { try $0.setDisabled(endpoint, nil) }
    }

    /// What waits for each endpoint, by name: from memory, it costs no read.
    package var standings: [EndpointStanding] {
        board.standings.sorted { $0.name < $1.name }
    }

    package func standing(of endpoint: String) -> EndpointStanding? {
        board.standing(of: endpoint)
    }
}

// Dead letters, and bringing records again.
extension UsageStore {
    /// Deliveries given up, oldest first.
    /// - Parameters:
    ///   - endpoint: nil for all.
    ///   - after: the id of the last one of the page before.
    package func deadLetters(
        endpoint: String?, after: String? = nil, limit: Int
    ) async throws(StoreError) -> [Delivery.Header] {
        try await read {
            try DeliveryReading.ended(.dead, endpoint: endpoint, after: after, limit: limit, $0)
        }
    }

    /// Deliveries of one state, in the order in which they were frozen.
    package func deliveries(
        _ state: Delivery.State, endpoint: String?, after: String? = nil, limit: Int
    ) async throws(StoreError) -> [Delivery.Header] {
        try await read {
            try DeliveryReading.ended(state, endpoint: endpoint, after: after, limit: limit, $0)
        }
    }

    /// Sends a dead letter again: under its own id, so that a receiver who had it after all counts it once.
    /// It is pending again, with no attempts.
    package func replay(deadLetter id: String) async throws(StoreError) -> Delivery.Header {
        try await write { try $0.revive(id) }
    }

    /// Delivers records again that are in the ledger still: up to `recordsMax` of those from `first` to
    /// `last`, in a new delivery. Their own ids stay, for receivers to count them once. Call it again from
    /// the returned header's `last` + 1 on until it returns nil.
    package func replay(
        endpoint: String, first: Int64, last: Int64, recordsMax: Int, bytesMax: Int,
        encode: @Sendable ([StoredRecord]) throws -> FrozenBody
    ) async throws(StoreError) -> Delivery.Header? {
        guard let standing = board.standing(of: endpoint), standing.isRegistered else {
            throw .unknown("endpoint \(endpoint)")
        }
        let limit = min(recordsMax, Self.freezeMax)
        // What no delivery has yet is on its way anyhow.
        let end = min(last, standing.cursor)
        let records = try await read { db in
            try RecordReading.after(
                first - 1, upTo: end, of: standing.tenant, recordsMax: limit, bytesMax: bytesMax, db)
        }
        guard !records.isEmpty else { return nil }
        let body: FrozenBody
        do {
            body = try encode(records)
        } catch {
            throw .encoding("\(error)")
        }
        precondition((1...records.count).contains(body.records), "a delivery has some of what it was offered")
        let frozen = Array(records.prefix(body.records))
        return try await write { try $0.add(frozen, as: body, for: endpoint).header }
    }
}
