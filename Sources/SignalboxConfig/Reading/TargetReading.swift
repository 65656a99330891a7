import SignalboxCore

/// The targets of a route, or those for requests of one priority.
struct TargetList {
    /// Nil for the list that the others stand in for.
    let priority: RequestPriority?
    let field: Field
    /// Nil where one of them is wrong.
    let targets: [Configuration.Target]?
}

extension ConfigurationReading {
    /// - Parameter strategy: Nil where its word is wrong: then nothing is said of what it would not use.
    func targetLists(of section: Section, strategy: Configuration.Route.Strategy?) -> [TargetList] {
        var lists: [TargetList] = []
        func add(_ field: Field?, _ priority: RequestPriority?) {
            guard let field else { return }
            lists.append(
                TargetList(priority: priority, field: field, targets: targets(in: field, strategy)))
        }
        add(section.required("targets", remedy: Self.targetsRemedy), nil)
        guard let field = section["by_priority"], let own = Section(field, .byPriority) else { return lists }
        for priority in RequestPriority.allCases { add(own[priority.rawValue], priority) }
        return lists
    }

    private func targets(
        in field: Field, _ strategy: Configuration.Route.Strategy?
    ) -> [Configuration.Target]? {
        guard let entries = field.list(max: 256, expected: "a list of targets") else { return nil }
        if entries.isEmpty { field.refuse("has no target", Self.targetsRemedy) }
        let targets = entries.compactMap { target($0, strategy) }
        return targets.isEmpty || targets.count < entries.count ? nil : targets
    }

    private static let targetsRemedy = "list where to send it: targets: [PROVIDER, PROVIDER/MODEL]"

    private func target(
        _ field: Field, _ strategy: Configuration.Route.Strategy?
    ) -> Configuration.Target? {
        if case .mapping = field.shape { return targetMapping(field, strategy) }
        guard let text = field.text(expected: "a provider, provider/model or {provider: …, model: …}") else {
            return nil
        }
        guard let slash = text.firstIndex(of: "/") else {
            return target(provider: text, at: field, model: nil, at: field)
        }
        let model = String(text[text.index(after: slash)...])
        return target(provider: String(text[..<slash]), at: field, model: model, at: field)
    }

    private func targetMapping(
        _ field: Field, _ strategy: Configuration.Route.Strategy?
    ) -> Configuration.Target? {
        guard let section = Section(field, .target) else { return nil }
        var found = namedTarget(section)
        // A nameless target is read to its end all the same, for its other mistakes.
        let weight = section["weight"].flatMap { $0.decimal(in: 0...10_000) }
        let priority = section["priority"].flatMap { $0.integer(in: 0...100) }
        if let weight { found?.weight = weight }
        if let priority { found?.priority = priority }
        if let strategy, !strategy.takesWeights {
            section["weight"]?.refuse(
                "means nothing to the strategy \(strategy.rawValue)",
                "remove it, or use the strategy weighted or adaptive")
        }
        return found
    }

    private func namedTarget(_ section: Section) -> Configuration.Target? {
        guard let providerField = section.required("provider", remedy: "name a configured provider"),
            let provider = providerField.name(bytesMax: 200)
        else { return nil }
        guard let modelField = section["model"] else {
            return target(provider: provider, at: providerField, model: nil, at: section.field)
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
