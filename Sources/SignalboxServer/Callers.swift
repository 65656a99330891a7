import SignalboxConfig
import SignalboxCore
import SignalboxHTTP

/// Names the tenant of a request by its key: `Authorization: Bearer`, or else `x-api-key`.
struct Callers: Sendable {
    private let tenants: [Configuration.Tenant]

    init(_ tenants: [Configuration.Tenant]) {
        self.tenants = tenants
    }

    struct Caller: Equatable {
        /// The tenant's number, 0 where none are configured.
        let tenant: Int
        /// Which of its keys it was; nil where none are configured.
        let key: Int?
    }

    /// Nil for a wrong or missing key.
    func caller(of exchange: Exchange) -> Caller? {
        caller(sending: token(of: exchange))
    }

    /// Every key is compared in constant time, and all of them, so that timing tells nothing.
    func caller(sending token: Substring?) -> Caller? {
        if tenants.isEmpty { return Caller(tenant: 0, key: nil) }
        guard let token else { return nil }
        var found: Caller?
        for (number, tenant) in tenants.enumerated() {
            for (place, key) in tenant.keys.enumerated() where key.secret.matches(token.utf8) {
                found = Caller(tenant: number, key: place)
            }
        }
        return found
    }

    private func token(of exchange: Exchange) -> Substring? {
        if case .bearer(let token) = AuthorizationField(exchange.header("authorization")) { return token }
        return exchange.header("x-api-key").map { $0[...] }
    }
}
