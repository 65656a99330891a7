import SignalboxConfig
import SignalboxCore
import Testing

@Suite struct ConfigurationChangeTests {
    private static let before = """
        admin: {token: env:ADMIN}
        providers:
          - {name: a, kind: mock, models: [m, n]}
          - {name: b, kind: openai, keys: [env:K0, env:K1], models: [gpt], headers: {x-team: search}}
        routes:
          - {model: chat, targets: [a, b]}
          - {model: old, targets: [a]}
        tenants:
          - {id: t, keys: [env:T]}
          - {id: u, keys: [env:U]}
        """

    private static let environment = [
        "ADMIN": "secret-admin", "K0": "secret-0", "K1": "secret-1", "T": "secret-t", "U": "secret-u",
    ]

    private func load(_ yaml: String, _ more: [String: String] = [:]) throws -> Configuration {
        let environment = ConfigurationChangeTests.environment.merging(more) { _, new in new }
        return try Desk(yaml, environment: environment).load()
    }

    private func change(_ edits: [(String, String)] = [], _ more: [String: String] = [:]) throws
        -> ConfigurationChange
    {
        var yaml = ConfigurationChangeTests.before
        for (old, new) in edits {
            try #require(yaml.contains(old))
            yaml = yaml.replacing(old, with: new)
        }
        return ConfigurationChange(
            from: try load(ConfigurationChangeTests.before), to: try load(yaml, more))
    }

    @Test func `the same configuration is no change`() throws {
        #expect(try change().isEmpty)
        #expect(try change().needsRestart.isEmpty)
    }

    @Test func `a provider under another name came, and the old one went`() throws {
        let change = try change([("name: a,", "name: c,"), ("targets: [a", "targets: [c")])
        #expect(change.providers == .init(added: ["c"], removed: ["a"]))
        #expect(change.models == .init(added: ["c/m", "c/n"], removed: ["a/m", "a/n"]))
        #expect(change.routes == .init(changed: ["chat", "old"]))
    }

    @Test func `settings of a provider that changed have the file's names`() throws {
        let change = try change([
            ("models: [m, n]}", "models: [m, o], mock: {latency: 5ms}, timeouts: {connect: 9s}}")
        ])
        #expect(change.providers == .init(changed: ["a"]))
        #expect(change.providerSettings == ["a": ["mock.latency", "models", "timeouts.connect"]])
        #expect(change.models == .init(added: ["a/o"], removed: ["a/n"]))
        #expect(change.settings.isEmpty)
    }

    @Test func `models in another order are a change, too`() throws {
        let change = try change([("[m, n]", "[n, m]")])
        #expect(change.providerSettings == ["a": ["models"]])
        #expect(change.models.isEmpty)
    }

    @Test func `a changed key is told by its alias, and nothing of it`() throws {
        let change = try change([], ["K1": "secret-2"])
        #expect(change.keys == .init(changed: ["b-1"]))
        #expect(change.providerSettings == ["b": ["keys"]])
        #expect(!"\(change)".contains("secret"))
        let fewer = try self.change([("[env:K0, env:K1]", "[env:K0]")])
        #expect(fewer.keys == .init(removed: ["b-1"]))
    }

    @Test func `a header's value is compared although it is not shown`() throws {
        let change = try change([("x-team: search", "x-team: sales")])
        #expect(change.providerSettings == ["b": ["headers.x-team"]])
    }

    @Test func `routes and tenants come and go`() throws {
        let change = try change([
            ("{model: old,", "{model: new,"), ("{id: u, keys: [env:U]}", "{id: v, keys: [env:U]}"),
        ])
        #expect(change.routes == .init(added: ["new"], removed: ["old"]))
        #expect(change.tenants == .init(added: ["v"], removed: ["u"]))
        #expect(try self.change([], ["T": "secret-x"]).tenants == .init(changed: ["t"]))
    }

    @Test func `a routes own settings are a change of the route`() throws {
        let change = try change([("{model: old, targets: [a]}", "{model: old, targets: [a, b]}")])
        #expect(change.routes == .init(changed: ["old"]))
    }

    @Test func `what a running daemon takes on needs no restart`() throws {
        let change = try change(
            [
                (
                    "admin: {token: env:ADMIN}",
                    """
                    admin: {token: env:T2, scrapes_max: 3}
                    logging: {level: debug}
                    server: {body_max: 1MiB}
                    """
                )
            ], ["T2": "secret-admin-2"])
        #expect(
            change.settings == ["admin.scrapes_max", "admin.token", "logging.level", "server.body_max"])
        #expect(change.needsRestart.isEmpty)
    }

    @Test func `what it cannot take on does`() throws {
        let change = try change([
            (
                "admin: {token: env:ADMIN}",
                """
                admin: {token: env:ADMIN, listen: 127.0.0.1:1}
                server: {listen: 127.0.0.1:2, threads: 3, header_max: 8KiB, drain_timeout: 1s}
                logging: {format: text}
                otlp: {endpoint: "http://h:4318"}
                data_dir: ./elsewhere
                """
            )
        ])
        #expect(
            change.needsRestart.filter { !$0.hasPrefix("otlp.") } == [
                "admin.listen", "data_dir", "logging.format", "server.header_max", "server.listen",
                "server.threads",
            ])
        #expect(change.needsRestart.contains("otlp.metrics.endpoint"))
        #expect(change.settings.contains("server.drain_timeout"))
    }

    // MARK: What a running daemon makes of it

    @Test func `settings that need a restart stay, the others are taken on`() throws {
        let running = try load(ConfigurationChangeTests.before)
        let file = try load(
            ConfigurationChangeTests.before + "\nserver: {listen: 127.0.0.1:7, body_max: 1MiB}")
        let effective = try file.takenOn(by: running)
        #expect(effective.server.listen == running.server.listen)
        #expect(effective.server.bodyBytesMax == 1 << 20)
        // The next report says it again: the daemon still is not as the file says.
        #expect(ConfigurationChange(from: effective, to: file).needsRestart == ["server.listen"])
    }

    @Test func `giving up the tenants while the listener stays open to others is refused`() throws {
        let open = "server: {listen: 0.0.0.0:8080}\n"
        let running = try load(open + ConfigurationChangeTests.before)
        var closed = try load(ConfigurationChangeTests.before)
        closed.tenants = []
        #expect(throws: ConfigurationMistakes.self) { try closed.takenOn(by: running) }
        closed.server.allowsAnonymous = true
        #expect(try closed.takenOn(by: running).tenants.isEmpty)
    }

    @Test func `so is giving up the admin's token`() throws {
        var running = try load(ConfigurationChangeTests.before)
        running.admin.listen = try #require(ListenAddress("0.0.0.0:9464"))
        var file = try load(ConfigurationChangeTests.before)
        file.admin.token = nil
        #expect(throws: ConfigurationMistakes.self) { try file.takenOn(by: running) }
    }
}
