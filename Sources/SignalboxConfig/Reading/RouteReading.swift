extension ConfigurationReading {
    mutating func readRoutes() {
        guard let field = root["routes"], let entries = field.list(max: 10_000, expected: "a list of routes")
        else {
            return
        }
        var places: [String: String] = [:]
        for entry in entries {
            guard let section = Section(entry, .route) else { continue }
            let model = routeModel(section, places: &places)
            var route = Configuration.Route(
                model: model ?? "", targets: targets(of: section),
                requestTimeout: configuration.server.requestTimeout)
            section.set(&route.strategy, "strategy") { $0.choice("strategy") }
            section.set(&route.attemptsMax, "attempts_max") { $0.integer(in: 1...64) }
            section.set(&route.requestTimeout, "request_timeout") { $0.duration(in: .upToAnHour) }
            configuration.routes.append(route)
        }
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

    private func targets(of section: Section) -> [Configuration.Target] {
        let remedy = "list where to send it: targets: [PROVIDER, PROVIDER/MODEL]"
        guard let field = section.required("targets", remedy: remedy),
            let entries = field.list(max: 256, expected: "a list of targets")
        else { return [] }
        if entries.isEmpty { field.refuse("has no target", remedy) }
        return entries.compactMap(target)
    }

    private func target(_ field: Field) -> Configuration.Target? {
        if case .mapping = field.shape { return targetMapping(field) }
        guard let text = field.text(expected: "a provider, provider/model or {provider: …, model: …}") else {
            return nil
        }
        guard let slash = text.firstIndex(of: "/") else {
            return target(provider: text, at: field, model: nil, at: field)
        }
        let model = String(text[text.index(after: slash)...])
        return target(provider: String(text[..<slash]), at: field, model: model, at: field)
    }

    private func targetMapping(_ field: Field) -> Configuration.Target? {
        guard let section = Section(field, .target),
            let providerField = section.required("provider", remedy: "name a configured provider"),
            let provider = providerField.name(bytesMax: 200)
        else { return nil }
        guard let modelField = section["model"] else {
            return target(provider: provider, at: providerField, model: nil, at: field)
        }
        guard let model = modelField.name(bytesMax: 200) else { return nil }
        return target(provider: provider, at: providerField, model: model, at: modelField)
    }

    private func target(
        provider: String, at providerField: Field, model: String?, at modelField: Field
    ) -> Configuration.Target? {
        // Without any provider, that is the mistake to mend.
        if knownModels.isEmpty { return nil }
        guard let listed = knownModels[provider] else {
            let names = knownModels.keys.sorted()
            providerField.refuse(
                "\(Spelling.quoted(provider)) is no provider of this file",
                Spelling.suggestion(for: provider, among: names)
                    ?? "configured are \(names.prefix(10).joined(separator: ", "))")
            return nil
        }
        guard let models = listed else { return nil }
        guard let model else { return Configuration.Target(provider: provider, models: models) }
        guard models.contains(model) else {
            modelField.refuse(
                "\(Spelling.quoted(model)) is not among the models of \(provider)",
                Spelling.suggestion(for: model, among: models) ?? "add it there, or name one of them")
            return nil
        }
        return Configuration.Target(provider: provider, models: [model])
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
