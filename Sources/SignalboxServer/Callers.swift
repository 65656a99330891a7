import SignalboxConfig
import SignalboxCore
import SignalboxHTTP

/// Names the tenant of a request by its bearer token.
struct Callers: Sendable {
    private let tenants: [Configuration.Tenant]

    init(_ tenants: [Configuration.Tenant]) {
        self.tenants = tenants
    }

    /// The tenant's number, 0 where none are configured; nil for a wrong or missing key.
    ///
    /// Every key is compared in constant time, and all of them, so that timing tells nothing.
    func tenant(of exchange: Exchange) -> Int? {
        if tenants.isEmpty { return 0 }
        guard case .bearer(let token) = AuthorizationField(exchange.header("authorization")) else {
            return nil
        }
        var found: Int?
        for (number, tenant) in tenants.enumerated() {
            for key in tenant.keys where key.secret.matches(token.utf8) { found = number }
        }
        return found
    }
}
