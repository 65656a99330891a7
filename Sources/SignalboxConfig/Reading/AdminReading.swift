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

    private func tls(_ field: Field) -> Configuration.TLS? {
        guard let section = Section(field, .tls) else { return nil }
        let certificate = section.required("certificate", remedy: "name a PEM file").flatMap {
            pem($0, holding: "CERTIFICATE-----", called: "certificate")
        }
        let key = section.required("key", remedy: "name a PEM file").flatMap {
            pem($0, holding: "PRIVATE KEY-----", called: "private key")
        }
        guard let certificate, let key else { return nil }
        return Configuration.TLS(
            certificateFile: certificate.path, certificate: certificate.text, keyFile: key.path,
            key: Secret(key.text))
    }

    /// The path and the content of a PEM file. Nothing of the content is ever repeated: it may be a key.
    private func pem(_ field: Field, holding label: String, called noun: String) -> (
        path: String, text: String
    )? {
        guard let path = field.name(bytesMax: 4_096) else { return nil }
        do {
            let text = String(decoding: try secrets.read(path, Self.pemBytesMax), as: UTF8.self)
            if text.contains("-----BEGIN "), text.contains(label) { return (path, text) }
            field.refuse("the file \(Spelling.quoted(path)) holds no \(noun)", "name a PEM file")
        } catch {
            field.refuse("the file \(Spelling.quoted(path)) \(error.problem)")
        }
        return nil
    }

    private static let pemBytesMax = 1 << 20
}
