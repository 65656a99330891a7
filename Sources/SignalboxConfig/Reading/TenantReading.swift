extension ConfigurationReading {
    mutating func readTenants() {
        guard let field = root["tenants"],
            let entries = field.list(max: 10_000, expected: "a list of tenants")
        else {
            return
        }
        var places: [String: String] = [:]
        for entry in entries {
            guard let section = Section(entry, .tenant) else { continue }
            let id = tenantID(section, places: &places) ?? "unnamed"
            let keys = section.required("keys", remedy: "write keys: [env:NAME]").map {
                secrets.keys(in: $0, owner: id)
            }
            var tenant = Configuration.Tenant(id: id, keys: (keys ?? []).map(\.key))
            clientKeys += keys ?? []
            section.set(&tenant.platformKeyID, "platform_key_id") { $0.name(bytesMax: 128) }
            section.set(&tenant.limits, "limits") { limits($0, .tenantLimits) }
            readBudgets(section, into: &tenant)
            if let field = section["webhook"] { tenant.webhook = webhook(field, .webhook) }
            configuration.tenants.append(tenant)
        }
    }

    private func tenantID(_ section: Section, places: inout [String: String]) -> String? {
        guard let field = section.required("id", remedy: "write id: and the name to bill"),
            let id = field.name(bytesMax: 1_024)
        else { return nil }
        let isAllowed = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || ".:_-".utf8.contains(byte)
        }
        guard id.utf8.count <= 128, id.utf8.allSatisfy(isAllowed) else {
            field.refuse(
                "\(Spelling.quoted(id)) is no tenant id", "use 1 to 128 letters, digits, ., :, _ and -")
            return nil
        }
        if id == "operator" {
            field.refuse("the name operator is that of webhooks.operator in metrics", "take another id")
            return nil
        }
        if let place = places[id] {
            field.refuse("\(Spelling.quoted(id)) is the id of \(place) too", "give each tenant its own")
        }
        places[id] = section.field.path
        return id
    }
}
