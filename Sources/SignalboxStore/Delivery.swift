package import SignalboxCore

/// Who wants a tenant's records: one for each tenant that has a webhook.
package struct EndpointIdentity: Sendable, Hashable {
    package var name: String
    package var tenant: String

    package init(name: String, tenant: String) {
        self.name = name
        self.tenant = tenant
    }
}

/// A record as it is kept.
package struct StoredRecord: Sendable, Equatable {
    /// In the ledger: the order in which records were committed.
    package var number: Int64
    /// In the tenant's ledger: from 1, without gaps but those that a ``StoreFinding`` names.
    package var sequence: Int64
    package var tenant: String
    /// When the attempt ended, to the microsecond.
    package var time: WallTime
    package var json: [UInt8]
}

/// The bytes of a delivery, made of the first records of those that were offered.
package struct FrozenBody: Sendable, Equatable {
    package var bytes: [UInt8]
    /// How many of the offered records it has; at least one.
    package var records: Int
    /// What the sender must know to send it, in its own words: a format, an encoding.
    package var note: String

    package init(bytes: [UInt8], records: Int, note: String = "") {
        self.bytes = bytes
        self.records = records
        self.note = note
    }
}

/// A batch that never changes again: every attempt sends the same bytes under the same id.
///
///     freeze ──▶ pending ──delivered──▶ delivered        its bytes have gone
///                │ ▲ ▲ │
///           retry└─┘ │ ├──dead────▶ dead ──┐
///                    └─┼─────replay────────┘
///                      └──replaced▶ replaced              its bytes have gone; others are pending
package struct Delivery: Sendable, Equatable {
    package enum State: Int, Sendable, CaseIterable {
        case pending = 0
        case dead = 1
        case delivered = 2
        case replaced = 3
    }

    package struct Header: Sendable, Equatable {
        package var id: String
        package var endpoint: String
        package var tenant: String
        /// The first and the last sequence that it was made of.
        package var first: Int64
        package var last: Int64
        package var records: Int
        package var bytes: Int
        package var note: String
        package var state: State
        package var attempts: Int
        package var created: WallTime
        /// When to try next, or when it ended.
        package var next: WallTime
        /// What the last attempt met.
        package var error: String?
        /// The id of the delivery whose records it brings again.
        package var origin: String?
    }

    package var header: Header
    package var body: [UInt8]
}

/// What became of an attempt at a delivery.
package enum DeliveryResult: Sendable, Equatable {
    case delivered
    case retry(at: WallTime, error: String)
    /// Nobody tries again but by ``UsageStore/replay(deadLetter:)``.
    case dead(error: String)
    /// Others take its place, under ids of their own: halves, or what is left of it.
    case replaced(by: [FrozenBody])
}

/// What waits for an endpoint.
package struct EndpointStanding: Sendable, Equatable {
    package var name: String
    package var tenant: String
    /// Records that no delivery has yet, and those of pending deliveries.
    package var pending: Int64 = 0
    /// When the oldest of them was captured.
    package var oldest: WallTime?
    package var deadLetters: Int64 = 0
    /// Why nothing is sent there; nil where something is.
    package var disabled: String?
    /// The last sequence that was frozen into a delivery.
    package var cursor: Int64 = 0
    /// Whether the configuration has it.
    package var isRegistered = true
}
