package import SignalboxCore

/// Which records are meant: those that match all that is set.
package struct LedgerFilter: Sendable, Equatable {
    package var tenant: String?
    package var tenantKey: String?
    /// By the time at which the attempt ended; `to` itself is left out.
    package var from: WallTime?
    package var to: WallTime?
    package var provider: String?
    package var model: String?
    package var key: String?
    package var outcome: UsageRecord.Outcome?

    package init(
        tenant: String? = nil, tenantKey: String? = nil, from: WallTime? = nil, to: WallTime? = nil,
        provider: String? = nil, model: String? = nil, key: String? = nil,
        outcome: UsageRecord.Outcome? = nil
    ) {
        self.tenant = tenant
        self.tenantKey = tenantKey
        self.from = from
        self.to = to
        self.provider = provider
        self.model = model
        self.key = key
        self.outcome = outcome
    }
}

/// What sums are made for each value of.
package enum LedgerGroup: String, Sendable, CaseIterable {
    case tenant
    case tenantKey = "tenant_key"
    case model
    case provider
    case key
    /// Of UTC.
    case day
    case outcome
}

/// What the records of one group come to. Those in different currencies are different groups.
package struct LedgerSum: Sendable, Equatable {
    /// For each group that was asked for. A day is `2026-11-21`; a missing tenant key is the empty text.
    package var values: [LedgerGroup: String]
    /// Nil for records that have no cost.
    package var currency: String?
    package var records: Int64 = 0
    package var promptTokens: Int64 = 0
    package var completionTokens: Int64 = 0
    package var cachedTokens: Int64 = 0
    package var cacheWriteTokens: Int64 = 0
    package var reasoningTokens: Int64 = 0
    /// Exact, in billionths of the currency's unit.
    package var nano: Int128 = 0

    package init(values: [LedgerGroup: String], currency: String?) {
        self.values = values
        self.currency = currency
    }
}

/// What a budget is measured by.
package struct Spent: Sendable, Equatable {
    /// Exact, in billionths of each currency's unit.
    package var nano: [String: Int128] = [:]
    /// Prompt and completion together.
    package var tokens: Int64 = 0
    package var records: Int64 = 0

    package init() {}
}
