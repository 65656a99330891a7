import SignalboxCore
import SignalboxProviders

extension Configuration {
    /// The configuration in force as a YAML file with every default written out and every secret as `•••`.
    ///
    /// The same configuration always gives the same text, so that two can be compared line by line.
    public func describe() -> String {
        var yaml = YAMLText()
        describeServer(in: &yaml)
        if let keyChecks {
            keyChecks.describe(depth: 0, in: &yaml)
        } else {
            KeyChecks.describeOff(depth: 0, in: &yaml)
        }
        yaml.key("providers")
        for provider in providers { provider.describe(in: &yaml) }
        if routes.contains(where: { !$0.isImplicit }) { yaml.key("routes") }
        for route in routes where !route.isImplicit { route.describe(in: &yaml, among: self) }
        if !tenants.isEmpty { yaml.key("tenants") }
        for tenant in tenants {
            yaml.value("id", tenant.id, depth: 2, isFirstOfEntry: true)
            yaml.list("keys", tenant.keys.map(\.secret.description), depth: 2)
            if let id = tenant.platformKeyID { yaml.value("platform_key_id", id, depth: 2) }
            tenant.limits.describe("limits", in: &yaml)
            tenant.budgets.describe("budgets", in: &yaml)
            tenant.keyBudgets.describe("key_budgets", in: &yaml)
            tenant.webhook?.describe("webhook", depth: 2, in: &yaml)
        }
        otlp?.describe(in: &yaml)
        if let prices {
            yaml.key("prices")
            yaml.value("file", prices.file, depth: 1)
        }
        describeUsage(in: &yaml)
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
        yaml.number("sample_ratio", tracing.sampleRatio, depth: 1)
        yaml.value("propagate", tracing.propagation.rawValue, depth: 1)
        yaml.key("metrics")
        yaml.value("semconv", metrics.conventions.rawValue, depth: 1)
        describeRouting(in: &yaml)
    }

    private func describeRouting(in yaml: inout YAMLText) {
        yaml.key("routing")
        if let seed = routing.seed { yaml.value("seed", "\(seed)", depth: 1) }
        yaml.key("queue", depth: 1)
        yaml.value("max", "\(routing.queue.requestsMax)", depth: 2)
        yaml.value("wait", DurationText.print(routing.queue.wait), depth: 2)
        yaml.value("aging", DurationText.print(routing.queue.aging), depth: 2)
        yaml.key("affinity", depth: 1)
        yaml.value("ttl", DurationText.print(routing.affinity.timeToLive), depth: 2)
        yaml.value("sessions_max", "\(routing.affinity.sessionsMax)", depth: 2)
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
