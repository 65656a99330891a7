import SignalboxCore

extension ConfigurationReading {
    mutating func readAdmin() {
        guard let field = root["admin"], let section = Section(field, .admin) else { return }
        adminSection = section
        var admin = configuration.admin
        section.set(&admin.listen, "listen", address)
        if let token = section["token"] { admin.token = secrets.secret(in: token) }
        section.set(&admin.basicAuth, "basic_auth", basicAuth)
        section.set(&admin.protectsMetrics, "metrics_auth") { $0.flag() }
        section.set(&admin.tls, "tls", tls)
        section.set(&admin.scrapesMax, "scrapes_max") { $0.integer(in: 1...1_000) }
        section.set(&admin.scrapeFreshness, "scrape_freshness") { $0.duration(in: .zero ... .seconds(10)) }
        if admin.protectsMetrics, section["token"] == nil, section["basic_auth"] == nil {
            section["metrics_auth"]?.refuse(
                "there is nothing that a scraper could prove itself with", "add token: env:NAME or basic_auth"
            )
        }
        configuration.admin = admin
    }

    private func basicAuth(_ field: Field) -> Configuration.BasicAuth? {
        guard let section = Section(field, .basicAuth) else { return nil }
        let username = section.required("username", remedy: "write username: and a name")?.name(bytesMax: 256)
        let password = section.required("password", remedy: "write password: env:NAME").flatMap {
            secrets.secret(in: $0)
        }
        guard let username, let password else { return nil }
        guard !username.utf8.contains(UInt8(ascii: ":")) else {
            section["username"]?.refuse("holds a colon, which ends a name in basic authentication")
            return nil
        }
        return Configuration.BasicAuth(username: username, password: password)
    }
}
