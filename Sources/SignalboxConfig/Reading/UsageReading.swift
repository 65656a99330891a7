import SignalboxUsage

// What becomes of usage records on this machine.
extension ConfigurationReading {
    mutating func readUsage() {
        guard let field = root["usage"], let section = Section(field, .usage) else { return }
        usageSection = section
        var usage = configuration.usage
        section.set(&usage.durability, "durability") { $0.choice("kind of durability") }
        section.set(&usage.onFull, "on_full") { $0.choice("way to treat a full store") }
        section.set(&usage.sizeBytesMax, "size_max") { $0.byteCount(in: 16 << 20...1 << 40) }
        section.set(&usage.retention, "retention") {
            $0.duration(in: .seconds(86_400) ... .seconds(3_650 * 86_400))
        }
        section.set(&usage.drain, "drain", drain)
        configuration.usage = usage
    }

    private func drain(_ field: Field) -> Configuration.Drain? {
        guard let section = Section(field, .drain) else { return nil }
        var drain = Configuration.Drain()
        section.set(&drain.time, "time") { $0.duration(in: .upToTenMinutesOrZero) }
        section.set(&drain.bytesMax, "bytes_max") { $0.byteCount(in: 0...1 << 30) }
        section.set(&drain.answersMax, "max") { $0.integer(in: 0...100_000) }
        return drain
    }

    /// Deliveries and budgets live on the records: whoever has them must keep records, and for long enough.
    func checkUsage() {
        checkDurability()
        let longest = budgets.map(\.budget.period.recordsKept).max()
        guard let longest, configuration.usage.retention < longest else { return }
        let retention = DurationText.print(configuration.usage.retention)
        for (budget, field) in budgets where configuration.usage.retention < budget.period.recordsKept {
            field.refuse(
                "a \(budget.period.rawValue) may be longer than records are kept, which is \(retention)",
                "set usage.retention to \(DurationText.print(longest)) or more")
        }
    }

    private func checkDurability() {
        guard configuration.usage.durability == .none, let field = usageSection?["durability"] else { return }
        let places = (webhookFields + budgets.map(\.field)).map(\.path)
        guard let first = places.first else { return }
        let others = places.count == 1 ? "" : " and \(places.count - 1) more"
        field.refuse("keeps no records, and \(first)\(others) cannot do without", "write commit or async")
    }
}
