internal import GRDB
import SignalboxCore

// Endpoints and deliveries, inside a transaction.
extension LedgerWriter {
    func register(_ identities: [EndpointIdentity]) throws {
        for identity in identities {
            guard let known = state.endpointIndices[identity.name] else { continue }
            let tenant = state.endpoints[known].standing.tenant
            guard tenant == identity.tenant else {
                throw StoreError.unknown(
                    "endpoint \(identity.name) of \(identity.tenant), but one of \(tenant)")
            }
        }
        var registered: Set<Int> = []
        for identity in identities {
            registered.insert(try state.endpointIndices[identity.name] ?? addEndpoint(identity))
        }
        for index in state.endpoints.indices {
            let isRegistered = registered.contains(index)
            guard state.endpoints[index].standing.isRegistered != isRegistered else { continue }
            state.endpoints[index].standing.isRegistered = isRegistered
            state.endpoints[index].gone = isRegistered ? nil : time.wallTime()
            changed.insert(index)
            try db.execute(
                sql: "UPDATE endpoint SET gone = ? WHERE number = ?",
                arguments: [state.endpoints[index].gone?.microseconds, state.endpoints[index].number])
        }
    }

    private func addEndpoint(_ identity: EndpointIdentity) throws -> Int {
        let tenant = try tenantIndex(of: identity.tenant)
        let (number, last) = (state.tenants[tenant].number, state.tenants[tenant].last)
        try db.execute(
            sql: "INSERT INTO endpoint (name, tenant, cursor) VALUES (?, ?, ?)",
            arguments: [identity.name, number, last])
        var standing = EndpointStanding(name: identity.name, tenant: identity.tenant)
        standing.cursor = last
        state.add(StoreState.Endpoint(number: db.lastInsertedRowID, tenant: tenant, standing: standing))
        changed.insert(state.endpoints.count - 1)
        return state.endpoints.count - 1
    }

    func endpointIndex(of name: String) throws -> Int {
        guard let index = state.endpointIndices[name] else { throw StoreError.unknown("endpoint \(name)") }
        return index
    }

    func setDisabled(_ name: String, _ reason: String?) throws {
        let index = try endpointIndex(of: name)
        state.endpoints[index].standing.disabled = reason
        changed.insert(index)
        try db.execute(
            sql: "UPDATE endpoint SET disabled = ? WHERE number = ?",
            arguments: [reason, state.endpoints[index].number])
    }

    func freeze(
        _ records: [StoredRecord], as body: FrozenBody, for endpoint: String, after cursor: Int64
    ) throws -> Delivery {
        let index = try endpointIndex(of: endpoint)
        guard state.endpoints[index].standing.cursor == cursor, let last = records.last else {
            throw StoreError.unknown("record of \(endpoint) after \(cursor): it was frozen meanwhile")
        }
        state.endpoints[index].standing.cursor = last.sequence
        state.endpoints[index].waiting -= Int64(records.count)
        try db.cachedStatement(sql: "UPDATE endpoint SET cursor = ? WHERE number = ?")
            .execute(arguments: [last.sequence, state.endpoints[index].number])
        return try add(records, as: body, for: endpoint)
    }

    func add(_ records: [StoredRecord], as body: FrozenBody, for endpoint: String) throws -> Delivery {
        let index = try endpointIndex(of: endpoint)
        guard let first = records.first, let last = records.last,
            let oldest = records.lazy.map(\.time).min()
        else { preconditionFailure("a delivery of nothing") }
        let now = time.wallTime()
        let header = Delivery.Header(
            id: nextID(now), endpoint: endpoint, tenant: state.endpoints[index].standing.tenant,
            first: first.sequence, last: last.sequence, records: records.count, bytes: body.bytes.count,
            note: body.note, state: .pending, attempts: 0, created: now, next: now)
        try insert(header, body.bytes, oldest: oldest.microseconds, index)
        return Delivery(header: header, body: body.bytes)
    }

    func nextID(_ now: WallTime) -> String {
        "msg_" + "\(UUIDv7(at: now, using: &random))".filter { $0 != "-" }
    }

    func insert(
        _ header: Delivery.Header, _ bytes: [UInt8], oldest: Int64, _ index: Int
    ) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO delivery (id, endpoint, first, last, records, bytes, note, state, attempts,
                    created, at, oldest, origin)
                VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            header.id, state.endpoints[index].number, header.first, header.last, header.records,
            header.bytes, header.note, header.created.microseconds, header.next.microseconds, oldest,
            header.origin,
        ])
        var row = BoundRow(
            try db.cachedStatement(sql: "INSERT INTO body (delivery, bytes) VALUES (?, ?)").sqliteStatement)
        row.bind(db.lastInsertedRowID)
        try row.insert(bytes, db)
        state.endpoints[index].frozen += Int64(header.records)
        try state.refreshOldest(endpoint: index, db)
        changed.insert(index)
    }
}

// What becomes of deliveries.
extension LedgerWriter {
    /// - Returns: those that took its place.
    func settle(_ id: String, _ result: DeliveryResult) throws -> [Delivery.Header] {
        let delivery = try DeliveryReading.row(of: id, db)
        guard delivery.header.state == .pending else {
            throw StoreError.unknown("pending delivery \(id)")
        }
        let now = time.wallTime().microseconds
        switch result {
        case .delivered:
            try end(delivery, .delivered, error: nil, at: now)
        case .retry(let at, let error):
            try update(delivery, .pending, error: error, at: at.microseconds)
        case .dead(let error):
            let index = try endpointIndex(of: delivery.header.endpoint)
            state.endpoints[index].standing.deadLetters += 1
            try end(delivery, .dead, error: error, at: now)
        case .replaced(let bodies):
            let headers = try bodies.map { try replace(delivery, $0) }
            try end(delivery, .replaced, error: nil, at: now)
            return headers
        }
        return []
    }

    private func replace(_ delivery: DeliveryReading.Stored, _ body: FrozenBody) throws -> Delivery.Header {
        let now = time.wallTime()
        var header = delivery.header
        header.origin = header.id
        header.id = nextID(now)
        header.records = body.records
        header.bytes = body.bytes.count
        header.note = body.note
        header.attempts = 0
        header.error = nil
        header.created = now
        header.next = now
        try insert(header, body.bytes, oldest: delivery.oldest, try endpointIndex(of: header.endpoint))
        return header
    }

    private func update(
        _ delivery: DeliveryReading.Stored, _ state: Delivery.State, error: String?, at: Int64
    ) throws {
        try db.cachedStatement(
            sql: "UPDATE delivery SET state = ?, attempts = attempts + 1, at = ?, error = ? WHERE number = ?"
        ).execute(arguments: [state.rawValue, at, error, delivery.number])
    }

    private func end(
        _ delivery: DeliveryReading.Stored, _ end: Delivery.State, error: String?, at: Int64
    ) throws {
        try update(delivery, end, error: error, at: at)
        if end != .dead {
            try db.cachedStatement(sql: "DELETE FROM body WHERE delivery = ?")
                .execute(arguments: [delivery.number])
        }
        let index = try endpointIndex(of: delivery.header.endpoint)
        state.endpoints[index].frozen -= Int64(delivery.header.records)
        try state.refreshOldest(endpoint: index, db)
        changed.insert(index)
    }

    /// Makes a dead letter pending again.
    func revive(_ id: String) throws -> Delivery.Header {
        let delivery = try DeliveryReading.row(of: id, db)
        guard delivery.header.state == .dead else { throw StoreError.unknown("dead letter \(id)") }
        let now = time.wallTime()
        try db.execute(
            sql: "UPDATE delivery SET state = 0, attempts = 0, created = ?, at = ? WHERE number = ?",
            arguments: [now.microseconds, now.microseconds, delivery.number])
        let index = try endpointIndex(of: delivery.header.endpoint)
        state.endpoints[index].standing.deadLetters -= 1
        state.endpoints[index].frozen += Int64(delivery.header.records)
        try state.refreshOldest(endpoint: index, db)
        changed.insert(index)
        var header = delivery.header
        header.state = .pending
        header.attempts = 0
        // It is given up as late as a new one would be.
        header.created = now
        header.next = now
        return header
    }
}
