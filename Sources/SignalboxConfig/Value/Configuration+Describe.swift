import SignalboxCore
import SignalboxProviders

extension Configuration {
    /// The configuration in force as a YAML file with every default written out and every secret as `•••`.
    ///
    /// The same configuration always gives the same text, so that two can be compared line by line.
    public func describe() -> String {
        var yaml = YAMLText()
        describeServer(in: &yaml)
        yaml.key("providers")
        for provider in providers { provider.describe(in: &yaml) }
        if routes.contains(where: { !$0.isImplicit }) { yaml.key("routes") }
        for route in routes where !route.isImplicit { route.describe(in: &yaml, among: self) }
        if !tenants.isEmpty { yaml.key("tenants") }
        for tenant in tenants {
            yaml.value("id", tenant.id, depth: 2, isFirstOfEntry: true)
            yaml.list("keys", tenant.keys.map(\.secret.description), depth: 2)
            if let id = tenant.platformKeyID { yaml.value("platform_key_id", id, depth: 2) }
        }
        otlp?.describe(in: &yaml)
        yaml.value("data_dir", dataDirectory, depth: 0)
        yaml.value("allow_literal_secrets", "\(allowsLiteralSecrets)", depth: 0)
        return yaml.text
    }

    private func describeServer(in yaml: inout YAMLText) {
        yaml.key("server")
        yaml.list("listen", server.listen.map(\.description), depth: 1)
        switch server.threads {
        case .automatic: yaml.value("threads", "auto", depth: 1)
        case .count(let count): yaml.value("threads", "\(count)", depth: 1)
        }
        yaml.value("body_max", ByteCountText.print(server.bodyBytesMax), depth: 1)
        yaml.value("header_max", ByteCountText.print(server.headerBytesMax), depth: 1)
        yaml.value("header_timeout", DurationText.print(server.headerTimeout), depth: 1)
        yaml.value("body_timeout", DurationText.print(server.bodyTimeout), depth: 1)
        yaml.value("idle_timeout", DurationText.print(server.idleTimeout), depth: 1)
        yaml.value("write_timeout", DurationText.print(server.writeTimeout), depth: 1)
        yaml.value("request_timeout", DurationText.print(server.requestTimeout), depth: 1)
        yaml.value("connections_max", "\(server.connectionsMax)", depth: 1)
        yaml.value("drain_timeout", DurationText.print(server.drainTimeout), depth: 1)
        yaml.value("allow_anonymous", "\(server.allowsAnonymous)", depth: 1)
        server.tls?.describe(in: &yaml)
        describeAdmin(in: &yaml)
        yaml.key("logging")
        yaml.value("level", logging.level.rawValue, depth: 1)
        yaml.value("format", logging.format.rawValue, depth: 1)
        yaml.value("log_content", "\(logging.logsContent)", depth: 1)
        yaml.key("tracing")
        yaml.value("sample_ratio", "\(tracing.sampleRatio)", depth: 1)
        yaml.value("propagate", tracing.propagation.rawValue, depth: 1)
        yaml.key("metrics")
        yaml.value("semconv", metrics.conventions.rawValue, depth: 1)
    }

    private func describeAdmin(in yaml: inout YAMLText) {
        yaml.key("admin")
        yaml.value("listen", admin.listen.description, depth: 1)
        if let token = admin.token { yaml.value("token", token.description, depth: 1) }
        if let basicAuth = admin.basicAuth {
            yaml.key("basic_auth", depth: 1)
            yaml.value("username", basicAuth.username, depth: 2)
            yaml.value("password", basicAuth.password.description, depth: 2)
        }
        yaml.value("metrics_auth", "\(admin.protectsMetrics)", depth: 1)
        admin.tls?.describe(in: &yaml)
        yaml.value("scrapes_max", "\(admin.scrapesMax)", depth: 1)
        yaml.value("scrape_freshness", DurationText.print(admin.scrapeFreshness), depth: 1)
    }
}

extension Configuration.TLS {
    fileprivate func describe(in yaml: inout YAMLText) {
        yaml.key("tls", depth: 1)
        yaml.value("certificate", certificateFile, depth: 2)
        yaml.value("key", keyFile, depth: 2)
    }
}

extension Configuration.Provider {
    fileprivate func describe(in yaml: inout YAMLText) {
        yaml.value("name", name, depth: 2, isFirstOfEntry: true)
        yaml.value("kind", kind.rawValue, depth: 2)
        if let baseURL { yaml.value("base_url", baseURL.text, depth: 2) }
        if !keys.isEmpty { yaml.list("keys", keys.map(\.secret.description), depth: 2) }
        yaml.list("models", modelNames, depth: 2)
        yaml.key("timeouts", depth: 2)
        yaml.value("connect", DurationText.print(timeouts.connect), depth: 3)
        yaml.value("first_token", DurationText.print(timeouts.firstToken), depth: 3)
        yaml.value("idle", DurationText.print(timeouts.idle), depth: 3)
        yaml.value("total", DurationText.print(timeouts.total), depth: 3)
        if let file = certificateAuthorityFile { yaml.value("ca_file", file, depth: 2) }
        describeVendor(in: &yaml)
        yaml.value("reply_max", ByteCountText.print(replyBytesMax), depth: 2)
        if !headers.isEmpty { yaml.key("headers", depth: 2) }
        for header in headers { yaml.value(header.name, header.value.description, depth: 3) }
        if dropsUnsupported { yaml.value("drop_unsupported", "true", depth: 2) }
        guard let mock else { return }
        yaml.key("mock", depth: 2)
        yaml.value("latency", DurationText.print(mock.latency), depth: 3)
        yaml.value("chunks", "\(mock.chunks)", depth: 3)
        yaml.value("chunk_interval", DurationText.print(mock.chunkInterval), depth: 3)
        if let text = mock.text { yaml.value("text", text, depth: 3) }
        if let pieces = mock.cutAfter { yaml.value("cut_after", "\(pieces)", depth: 3) }
    }
}

extension Configuration.Provider {
    fileprivate func describeVendor(in yaml: inout YAMLText) {
        if kind == .gigachat { yaml.value("scope", scope.rawValue, depth: 2) }
        if let tokenURL { yaml.value("auth_url", tokenURL.text, depth: 2) }
        if let folder { yaml.value("folder", folder, depth: 2) }
        if let authentication { yaml.value("auth", authentication.rawValue, depth: 2) }
    }
}

extension Configuration.Route {
    fileprivate func describe(in yaml: inout YAMLText, among configuration: Configuration) {
        let names = targets.flatMap { target in
            let isWhole = configuration.provider(named: target.provider)?.modelNames == target.models
            return isWhole ? [target.provider] : target.models.map { "\(target.provider)/\($0)" }
        }
        yaml.value("model", model, depth: 2, isFirstOfEntry: true)
        yaml.value("strategy", strategy.rawValue, depth: 2)
        yaml.list("targets", names, depth: 2)
        yaml.value("attempts_max", "\(attemptsMax)", depth: 2)
        yaml.value("request_timeout", DurationText.print(requestTimeout), depth: 2)
    }
}
