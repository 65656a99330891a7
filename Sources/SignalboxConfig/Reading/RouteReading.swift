extension ConfigurationReading {
    mutating func readRoutes() {
        guard let field = root["routes"], let entries = field.list(max: 10_000, expected: "a list of routes")
        else {
            return
        }
        var places: [String: String] = [:]
        for entry in entries {
            guard let section = Section(entry, .route) else { continue }
            configuration.routes.append(route(section, model: routeModel(section, places: &places) ?? ""))
        }
    }

    private func route(_ section: Section, model: String) -> Configuration.Route {
        let strategy: Configuration.Route.Strategy? = section.value("strategy", default: .ordered) {
            $0.choice("strategy")
        }
        let interruption: Configuration.Route.Interruption? = section.value("on_interrupt", default: .error) {
            $0.choice("way to treat an interrupted answer")
        }
        let deadline = section.value("request_timeout", default: configuration.server.requestTimeout) {
            $0.duration(in: .upToAnHour)
        }
        let lists = targetLists(of: section, strategy: strategy)
        var route = Configuration.Route(model: model, targets: [])
        route.strategy = strategy ?? .ordered
        for list in lists {
            if let priority = list.priority {
                route.targetsByPriority[priority] = list.targets
            } else {
                route.targets = list.targets ?? []
            }
        }
        section.set(&route.adaptive, "adaptive", adaptive)
        route.onInterrupt = interruption ?? .error
        section.set(&route.hold, "hold", hold)
        section.set(&route.waitForPreferred, "wait_for_preferred") {
            $0.duration(in: .zero ... .seconds(3_600))
        }
        section.set(&route.hedgeAfter, "hedge_after") { $0.duration(in: .upToAnHour) }
        section.set(&route.keepsSessions, "affinity") { $0.flag() }
        section.set(&route.attemptsMax, "attempts_max") { $0.integer(in: 1...64) }
        if let deadline {
            route.requestTimeout = deadline
            checkDeadlines(route, section)
        }
        check(section, lists, strategy: strategy, interruption: interruption)
        return route
    }

    private func routeModel(_ section: Section, places: inout [String: String]) -> String? {
        guard let field = section.required("model", remedy: "write model: and the name that clients ask for"),
            let model = field.name(bytesMax: 200)
        else { return nil }
        if let place = places[model] {
            field.refuse("\(Spelling.quoted(model)) is the model of \(place) too", "join the two routes")
        }
        places[model] = section.field.path
        return model
    }

    private func adaptive(_ field: Field) -> Configuration.Adaptive? {
        guard let section = Section(field, .adaptive) else { return nil }
        var adaptive = Configuration.Adaptive()
        section.set(&adaptive.high, "high", weights)
        section.set(&adaptive.normal, "normal", weights)
        section.set(&adaptive.low, "low", weights)
        return adaptive
    }

    private func weights(_ field: Field) -> Configuration.Adaptive.Weights? {
        let expected = "three numbers: [CAPACITY, LATENCY, WEIGHT]"
        guard let entries = field.list(max: 3, expected: "a list of \(expected)") else { return nil }
        guard entries.count == 3 else {
            field.refuse("has \(entries.count) entries", "write \(expected)")
            return nil
        }
        let numbers = entries.compactMap { $0.ratio() }
        guard numbers.count == 3 else { return nil }
        if numbers.allSatisfy({ $0 == 0 }) {
            field.refuse("weighs nothing, so that all targets score alike", "write a number above 0")
        }
        return Configuration.Adaptive.Weights(
            capacity: numbers[0], latency: numbers[1], weight: numbers[2])
    }

    private func hold(_ field: Field) -> Configuration.Hold? {
        guard let section = Section(field, .hold) else { return nil }
        var hold = Configuration.Hold()
        section.set(&hold.bytesMax, "bytes_max") { $0.byteCount(in: .upToAGibibyte) }
        section.set(&hold.time, "time") { $0.duration(in: .upToAnHour) }
        return hold
    }
}

extension Configuration {
    /// Makes every model addressable: as `provider/model`, and by its own name at all providers that have it,
    /// in their order. Where the two names are one, the provider that is addressed comes first.
    mutating func makeImplicitRoutes() {
        var targets: [String: [Target]] = [:]
        var order: [String] = []
        func add(_ name: String, _ target: Target) {
            if targets[name] == nil { order.append(name) }
            if targets[name]?.contains(target) != true { targets[name, default: []].append(target) }
        }
        let pairs = providers.flatMap { provider in
            provider.modelNames.map { Target(provider: provider.name, models: [$0]) }
        }
        for pair in pairs { add("\(pair.provider)/\(pair.models[0])", pair) }
        for pair in pairs { add(pair.models[0], pair) }
        routes = order.map { name in
            Route(
                model: name, targets: targets[name] ?? [], requestTimeout: server.requestTimeout,
                isImplicit: true)
        }
    }
}
