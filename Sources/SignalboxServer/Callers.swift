import SignalboxConfig
import SignalboxCore
import SignalboxHTTP

/// Names the tenant of a request by its key: `Authorization: Bearer`, or else `x-api-key`.
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
        guard let token = token(of: exchange) else { return nil }
        var found: Int?
        for (number, tenant) in tenants.enumerated() {
            for key in tenant.keys where key.secret.matches(token.utf8) { found = number }
        }
        return found
    }

    private func token(of exchange: Exchange) -> Substring? {
        if case .bearer(let token) = AuthorizationField(exchange.header("authorization")) { return token }
        return exchange.header("x-api-key").map { $0[...] }
    }
}
