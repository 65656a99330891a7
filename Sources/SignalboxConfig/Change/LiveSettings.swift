import SignalboxCore
import SignalboxUsage

/// The settings, beside providers, routes and tenants, that a running daemon takes on.
///
/// A setting that is not listed here is reported to need a restart: none is ignored without a word.
enum LiveSettings {
    private static let places = [
        "server.body_max", "server.header_timeout", "server.body_timeout", "server.idle_timeout",
        "server.write_timeout", "server.request_timeout", "server.drain_timeout", "server.allow_anonymous",
        "admin.token", "admin.basic_auth", "admin.metrics_auth", "admin.scrapes_max",
        "admin.scrape_freshness",
        "routing.queue", "key_checks", "logging.level", "logging.log_content", "tracing", "metrics", "prices",
        "usage.on_full", "usage.drain", "webhooks", "allow_literal_secrets",
    ]

    static func contains(_ path: String) -> Bool {
        places.contains { path == $0 || path.hasPrefix($0 + ".") }
    }
}

extension Configuration {
    /// This configuration as far as a daemon that runs with `running` can take it on.
    ///
    /// Where both together would open a door that neither opens alone (tenants and a listener beyond loopback
    /// are given up at once, but the listener stays until the restart), it is refused.
    /// - Throws: ``ConfigurationMistakes``.
    public func takenOn(by running: Configuration) throws(ConfigurationMistakes) -> Configuration {
        var effective = self
        effective.server.listen = running.server.listen
        effective.server.threads = running.server.threads
        effective.server.headerBytesMax = running.server.headerBytesMax
        effective.server.connectionsMax = running.server.connectionsMax
        effective.server.tls = running.server.tls
        effective.admin.listen = running.admin.listen
        effective.admin.tls = running.admin.tls
        effective.logging.format = running.logging.format
        effective.routing.seed = running.routing.seed
        effective.routing.affinity = running.routing.affinity
        effective.otlp = running.otlp
        effective.dataDirectory = running.dataDirectory
        effective.usage.durability = running.usage.durability
        effective.usage.sizeBytesMax = running.usage.sizeBytesMax
        effective.usage.retention = running.usage.retention
        let mistakes = effective.exposures + effective.missingRecords
        guard mistakes.isEmpty else { throw ConfigurationMistakes(mistakes) }
        return effective
    }

    /// What the daemon does not keep before its restart, and deliveries and budgets live on.
    private var missingRecords: [ConfigurationMistake] {
        let budgets = tenants.flatMap { $0.budgets + $0.keyBudgets }
        let delivers = webhooks.operatorWebhook != nil || tenants.contains { $0.webhook != nil }
        let longest = budgets.map(\.period.recordsKept).max() ?? .zero
        func mistake(_ path: String, _ problem: String) -> ConfigurationMistake {
            ConfigurationMistake(
                file: "the configuration", path: path, problem: problem,
                remedy: "leave webhooks and budgets out until the restart, or restart now")
        }
        if usage.durability == .none, delivers || !budgets.isEmpty {
            return [mistake("usage.durability", "the daemon keeps no records until it is restarted")]
        }
        guard usage.retention < longest else { return [] }
        let retention = DurationText.print(usage.retention)
        return [
            mistake(
                "usage.retention",
                "until it is restarted the daemon keeps records for \(retention), which a budget may outlast")
        ]
    }

    private var exposures: [ConfigurationMistake] {
        var mistakes: [ConfigurationMistake] = []
        if tenants.isEmpty, !server.allowsAnonymous,
            let open = server.listen.first(where: { !$0.isLoopback })
        {
            mistakes.append(
                ConfigurationMistake(
                    file: "the configuration", path: "server.listen",
                    problem: "anyone who reaches \(open), where the daemon listens until it is restarted, "
                        + "could call, as there are no tenants any more",
                    remedy: "keep the tenants until the restart, or restart now"))
        }
        if !admin.listen.isLoopback, admin.token == nil, admin.basicAuth == nil {
            mistakes.append(
                ConfigurationMistake(
                    file: "the configuration", path: "admin.listen",
                    problem: "anyone who reaches \(admin.listen), where the daemon listens until it is "
                        + "restarted, could administer, as there is no token any more",
                    remedy: "keep admin.token until the restart, or restart now"))
        }
        return mistakes
    }
}
