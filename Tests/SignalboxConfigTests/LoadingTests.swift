import SignalboxConfig
import SignalboxCore
import SignalboxProviders
import Testing

@Suite struct LoadingTests {
    @Test func `a short file gets every default`() throws {
        var expected = Configuration()
        expected.providers = [Configuration.Provider(name: "a", kind: .mock, models: ["m", "n/o"])]
        var loaded = try Desk(Desk.provider).load()
        loaded.routes = []
        #expect(loaded == expected)
    }

    @Test func `every key of the file reaches its field`() throws {
        let loaded = try Desk(
            """
            server:
              listen: ["0.0.0.0:80", "[::1]:0"]
              threads: 3
              body_max: 1MiB
              header_max: 2048
              header_timeout: 1s
              body_timeout: 2s
              idle_timeout: 3m
              write_timeout: 250ms
              request_timeout: 1h
              connections_max: 5
              drain_timeout: 0s
              allow_anonymous: true
            admin: {listen: 127.0.0.1:1, token: env:TOKEN}
            logging: {level: warning, format: text, log_content: true}
            tracing: {sample_ratio: 0.25, propagate: always}
            metrics: {semconv: latest}
            data_dir: /var/lib/signalbox
            allow_literal_secrets: true
            providers:
              - name: a
                kind: openai-compatible
                base_url: HTTPS://API.Example.com:8443/v1/
                keys: [literal, "env:K*", file:key.txt]
                models: [m]
                timeouts: {connect: 1s, first_token: 2s, idle: 3s, total: 4s}
                ca_file: ca.pem
                reply_max: 1GiB
                headers: {X-Org: acme, X-Key: env:TOKEN}
              - name: b
                kind: mock
                models: [n]
                mock: {latency: 1ms, chunks: 2, chunk_interval: 3ms, text: hello, cut_after: 1}
            """,
            environment: ["TOKEN": "t0", "K1": "k1", "K0": "k0"],
            files: ["key.txt": "in-file\r\n", "ca.pem": "-----BEGIN CERTIFICATE-----"]
        ).load()
        #expect(loaded.server.listen.map(\.description) == ["0.0.0.0:80", "[::1]:0"])
        #expect(loaded.server.threads == .count(3))
        #expect(loaded.server.bodyBytesMax == 1 << 20)
        #expect(loaded.server.headerBytesMax == 2_048)
        let server = loaded.server
        #expect(
            [server.headerTimeout, server.bodyTimeout, server.idleTimeout, server.writeTimeout]
                == [.seconds(1), .seconds(2), .seconds(180), .milliseconds(250)])
        #expect([server.requestTimeout, server.drainTimeout] == [.seconds(3_600), .zero])
        #expect(server.connectionsMax == 5)
        #expect(server.allowsAnonymous)
        #expect(loaded.admin.listen.port == 1)
        #expect(loaded.admin.token == Secret("t0"))
        #expect(loaded.logging.level == .warning)
        #expect(loaded.logging.format == .text)
        #expect(loaded.logging.logsContent)
        #expect(loaded.tracing.sampleRatio == 0.25)
        #expect(loaded.tracing.propagation == .always)
        #expect(loaded.metrics.conventions == .latest)
        #expect(loaded.dataDirectory == "/var/lib/signalbox")
        checkProviders(loaded.providers)
    }

    private func checkProviders(_ providers: [Configuration.Provider]) {
        let first = providers[0]
        #expect(first.baseURL?.text == "https://api.example.com:8443/v1")
        #expect(first.keys.map(\.alias) == ["a-0", "a-1", "a-2", "a-3"])
        #expect(first.keys.map { $0.secret.reveal() } == ["literal", "k0", "k1", "in-file"])
        let timeouts = [
            first.timeouts.connect, first.timeouts.firstToken, first.timeouts.idle, first.timeouts.total,
        ]
        #expect(timeouts == [.seconds(1), .seconds(2), .seconds(3), .seconds(4)])
        #expect(first.certificateAuthorityFile == "ca.pem")
        #expect(first.replyBytesMax == 1 << 30)
        #expect(first.headers.map(\.name) == ["x-key", "x-org"])
        #expect(first.headers.map { $0.value.reveal() } == ["t0", "acme"])
        var mock = Configuration.Mock()
        (mock.latency, mock.chunks, mock.chunkInterval) = (.milliseconds(1), 2, .milliseconds(3))
        (mock.text, mock.cutAfter) = ("hello", 1)
        #expect(providers[1].mock == mock)
    }

    @Test func `a prefix finds its variables by number, the bare name first`() throws {
        let yaml = "providers: [{name: a, kind: mock, models: [m], keys: \"env:KEY*\"}]"
        let names = ["KEY10", "KEY2", "KEY", "KEY0", "KEY_OLD", "KEYS1", "KEY3"]
        var environment = Dictionary(uniqueKeysWithValues: names.map { ($0, "value-of-\($0)") })
        environment["KEY3"] = ""
        let keys = try Desk(yaml, environment: environment).load().providers[0].keys
        #expect(
            keys.map { $0.secret.reveal() } == [
                "value-of-KEY", "value-of-KEY0", "value-of-KEY2", "value-of-KEY10",
            ])
    }

    @Test func `the real environment wins over the file of variables`() throws {
        let yaml =
            "providers: [{name: a, kind: mock, models: [m], keys: [env:A, env:B, env:C, env:D, env:E]}]"
        let dotenv = """
            # comment
            A=from-file
            export B = "quoted\\\\#x"  # comment
            C='single#x'

            D=bare # comment
            E=a#b
            """
        let desk = Desk(yaml, environment: ["A": "real"], files: [".env": dotenv])
        let keys = try desk.load().providers[0].keys
        #expect(keys.map { $0.secret.reveal() } == ["real", "quoted\\#x", "single#x", "bare", "a#b"])
    }

    @Test func `a wrong line among the variables is told without repeating it`() {
        let desk = Desk(Desk.provider, files: [".env": "A=b\nsk-secret\n1X=sk-secret\nB=\"sk-secret\n"])
        #expect(
            desk.mistakes() == [
                ".env:2: has no =; write NAME=VALUE",
                ".env:3: has no variable's name before the =; write NAME=VALUE",
                ".env:4: has a quote that does not close, or text after it; write NAME=VALUE",
            ])
    }

    @Test(arguments: [
        (["DEBUG": "1"], Configuration.Logging.Level.debug),
        (["IN_DEPTH_DEBUG": "true", "DEBUG": "1"], .trace),
        (["DEBUG": "0"], .info), ([:], .info),
    ])
    func `verbosity comes from the environment`(
        environment: [String: String], level: Configuration.Logging.Level
    )
        throws
    {
        let loaded = try Desk(Desk.provider, environment: environment).load()
        #expect(loaded.logging.level == level)
    }

    @Test func `the file's level wins over the environment's`() throws {
        let desk = Desk(Desk.provider + "\nlogging: {level: error}", environment: ["DEBUG": "1"])
        let loaded = try desk.load()
        #expect(loaded.logging.level == .error)
    }

    @Test func `without a file, key variables make providers`() throws {
        let environment = [
            "OPENAI_API_KEY": "a", "OPENAI_API_KEY1": "b", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        ]
        let loaded = try Desk(environment: environment).load()
        #expect(loaded.providers.map(\.name) == ["openai"])
        #expect(loaded.providers[0].kind == .openai)
        #expect(loaded.providers[0].keys.map(\.alias) == ["openai-0", "openai-1"])
        #expect(loaded.providers[0].baseURL?.text == "http://127.0.0.1:9/v1")
        #expect(loaded.route(for: "gpt-4o-mini")?.targets.first?.provider == "openai")
    }

    @Test func `with neither file nor keys the remedy names both, and the demonstration`() {
        #expect(
            Desk(environment: ["OPENAI_API_KEY": ""]).mistakes() == [
                "environment: no provider is configured; write signalbox.yaml, set OPENAI_API_KEY"
                    + " or another vendor's, or try signalbox serve --demo"
            ])
    }

    @Test func `a wrong variable is told by its name`() {
        let desk = Desk(environment: ["OPENAI_API_KEY0": "a b", "OPENAI_BASE_URL": "nowhere"])
        #expect(
            desk.mistakes().map { $0.prefix(40) } == [
                "environment: OPENAI_API_KEY0: holds a sp", "environment: OPENAI_BASE_URL: is no http",
            ])
    }

    @Test func `sections that are commented out keep their defaults`() throws {
        let loaded = try Desk("server:\nadmin:\nlogging:\nroutes:\ntenants:\n" + Desk.provider).load()
        #expect(loaded.server == Configuration.Server())
    }

    @Test func `the demonstration falls back from alpha to beta`() {
        let demo = Configuration.demo
        #expect(demo.route(for: "chat")?.targets.map(\.provider) == ["alpha", "beta", "gamma"])
        #expect(demo.provider(named: "alpha")?.modelNames == ["mock-unhealthy"])
    }
}
