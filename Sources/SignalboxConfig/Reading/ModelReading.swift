import SignalboxCore

// What a provider's models are called, hold and cost.
extension ConfigurationReading {
    func models(of section: Section) -> [Configuration.Model]? {
        let remedy = "list the models to use: models: [NAME]"
        guard let field = section.required("models", remedy: remedy),
            let entries = field.list(max: 1_000, expected: "a list of model names")
        else { return nil }
        if entries.isEmpty { field.refuse("has no model", remedy) }
        var seen: Set<String> = []
        let models = entries.compactMap { model($0, seen: &seen) }
        return models.isEmpty || models.count < entries.count ? nil : models
    }

    private func model(_ field: Field, seen: inout Set<String>) -> Configuration.Model? {
        guard case .mapping = field.shape else {
            return modelName(field, seen: &seen).map { Configuration.Model(name: $0) }
        }
        guard let section = Section(field, .model) else { return nil }
        let name = section.required("name", remedy: "write name: and what the provider calls it").flatMap {
            modelName($0, seen: &seen)
        }
        // A nameless model is read to its end all the same, for its other mistakes.
        var model = Configuration.Model(name: name ?? "")
        section.set(&model.contextWindow, "context_window") { $0.integer(in: 1...1_000_000_000) }
        section.set(&model.price, "price", price)
        return name == nil ? nil : model
    }

    private func modelName(_ field: Field, seen: inout Set<String>) -> String? {
        guard let name = field.name(bytesMax: 200) else { return nil }
        if !seen.insert(name).inserted {
            field.refuse("\(Spelling.quoted(name)) is listed twice", "remove one")
        }
        return name
    }

    private func price(_ field: Field) -> Configuration.Price? {
        guard let section = Section(field, .price) else { return nil }
        let input = section.required("input", remedy: "write what a million tokens of the prompt cost")
            .flatMap { $0.price() }
        let output = section.required("output", remedy: "write what a million tokens of the answer cost")
            .flatMap { $0.price() }
        let currency = section.required("currency", remedy: "write currency: USD, or another").flatMap {
            $0.currency()
        }
        guard let input, let output, let currency else { return nil }
        return Configuration.Price(
            inputNanoPerMillion: input, outputNanoPerMillion: output, currency: currency)
    }
}

extension Field {
    private static let priceMax = 100_000_000

    /// In billionths of a currency's unit.
    func price() -> Int? {
        guard let text = text(expected: "a price such as 0.15") else { return nil }
        guard let price = DecimalText.billionths(text), price <= Field.priceMax * 1_000_000_000 else {
            refuse(
                "\(Spelling.quoted(text)) is no price from 0 to \(Field.priceMax)",
                "write digits and at most nine decimals: 0.15")
            return nil
        }
        return price
    }

    func currency() -> String? {
        guard let text = text(expected: "a currency such as USD") else { return nil }
        guard text.utf8.count == 3, text.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            refuse("\(Spelling.quoted(text)) is no currency", "write its three capital letters, such as USD")
            return nil
        }
        return text
    }
}
