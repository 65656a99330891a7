import SignalboxConfig

// A loader's configuration has passed all of this; one that a program filled in by hand has not.
extension Configuration {
    /// - Throws: everything that keeps a router from carrying it out.
    func checkNames() throws(RouterError) {
        var flaws: [String] = []
        if providers.isEmpty { flaws.append("there are no providers") }
        flaws += Self.repeated(providers.map(\.name)).map { "two providers are called \($0)" }
        flaws += Self.repeated(routes.map(\.model)).map { "there are two routes for \($0)" }
        flaws += Self.repeated(tenants.map(\.id)).map { "two tenants are called \($0)" }
        for provider in providers {
            if provider.models.isEmpty { flaws.append("provider \(provider.name) has no models") }
            flaws += Self.repeated(provider.modelNames).map { "provider \(provider.name) lists \($0) twice" }
        }
        for route in routes { flaws += flawsOfTargets(of: route) }
        guard flaws.isEmpty else { throw RouterError(description: flaws.joined(separator: "; ")) }
    }

    private func flawsOfTargets(of route: Route) -> [String] {
        let lanes = [route.targets] + route.targetsByPriority.values
        if lanes.contains(where: \.isEmpty) { return ["the route for \(route.model) has no targets"] }
        return lanes.joined().flatMap { target -> [String] in
            guard let provider = provider(named: target.provider) else {
                return ["the route for \(route.model) names a provider \(target.provider) that is not there"]
            }
            return target.models.filter { !provider.modelNames.contains($0) }.map {
                "the route for \(route.model) names a model \($0) that \(target.provider) has not"
            }
        }
    }

    /// Each name that is given more than once, once.
    private static func repeated(_ names: [String]) -> [String] {
        var counts: [String: Int] = [:]
        for name in names { counts[name, default: 0] += 1 }
        return counts.filter { $0.value > 1 }.keys.sorted()
    }
}
