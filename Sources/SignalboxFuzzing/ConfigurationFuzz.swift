import SignalboxConfig
import SignalboxCore

/// The configuration file, `.env`, OpenTelemetry's variables and the addresses in them.
enum ConfigurationFuzz {
    static let targets = [
        FuzzTarget("yaml", words: keys, sample: { mutation in Array(mutation.pick(files).utf8) }) { input in
            broken(loading(["signalbox.yaml": input]), input)
        },
        FuzzTarget("dotenv", words: ["=", "#", "'", "export ", "\\$"], sample: dotEnvironment) { input in
            broken(byDotEnvironment: input)
        },
        FuzzTarget("otel-variables", words: variables, sample: variables) { input in
            broken(loading(["signalbox.yaml": Array(files[0].utf8)], environment: environment(input)), input)
        },
        FuzzTarget("addresses", words: ["http://", "https://", "[::1]", ":0", "localhost", "//", "."]) {
            mutation in
            let samples = [
                "127.0.0.1:8080", "[::1]:0", "localhost:9", "https://api.example.com/v1/",
                "http://[::1]:8080",
                "HTTP://A.example:80/x/y//", "[::ffff:127.0.0.1]:1",
            ]
            return Array(mutation.pick(samples).utf8)
        } brokenPromise: {
            addresses($0)
        },
    ]

    // MARK: Files

    private static let secret = "sk-never-to-be-shown"

    private static let files = [
        "providers: [{name: a, kind: mock, models: [m, n/o]}]\n",
        """
        server: {listen: 127.0.0.1:8080, threads: auto, body_max: 32MiB, request_timeout: 120s}
        admin: {listen: "[::1]:9464", token: env:SECRET}
        logging: {level: info, format: json, log_content: false}
        providers:
          - name: groq
            kind: groq
            keys: env:SECRET*
            models: [openai/gpt-oss-120b, llama-3.3-70b-versatile]
            timeouts: {connect: 2s, first_token: 10s, idle: 10s, total: 60s}
            headers: {x-a: b}
          - {name: local, kind: ollama, base_url: http://127.0.0.1:11434, models: [llama3]}
        routes:
          - model: chat
            targets: [groq, local/llama3, {provider: groq}]
            attempts_max: 3
        tenants:
          - {id: tenant-123, keys: [env:SECRET], platform_key_id: key-456}
        otlp: {endpoint: "http://127.0.0.1:4318", headers: {authorization: env:SECRET}}
        data_dir: ./data

        """,
        """
        allow_literal_secrets: true
        providers:
          - &first {name: a, kind: openai, keys: [file:key.txt, "sk-never-to-be-shown"], models: ['m']}
          - name: b
            kind: gigachat
            scope: auto
            keys:
              - env:SECRET
            models:
              - "GigaChat"   # a comment
          - {name: y, kind: yandexgpt, folder: f, keys: [env:SECRET], models: [yandexgpt]}

        """,
    ]

    private static let keys = [
        "providers:", "routes:", "tenants:", "server:", "admin:", "logging:", "otlp:", "name:", "kind:",
        "keys:",
        "models:", "env:SECRET", "file:key.txt", "- ", "  ", "&a ", "*a", "|", ">-", "!!str ", "? ", "---\n",
        "<<: ", "10s", "32MiB", "auto", "~", "'", "# ",
    ]

    private static func loading(
        _ files: [String: [UInt8]], environment: [String: String] = [:]
    ) -> Result<Configuration, ConfigurationMistakes> {
        let read: ConfigurationLoader.FileReading = { path, bytesMax throws(UnreadableFile) in
            if path == "key.txt" { return Array(secret.utf8) }
            guard let bytes = files[path] else { throw .missing }
            guard bytes.count <= bytesMax else { throw .tooLarge }
            return bytes
        }
        let variables = environment.merging(["SECRET": secret, "SECRET0": secret]) { given, _ in given }
        return Result { () throws(ConfigurationMistakes) in
            try ConfigurationLoader(environment: variables, reading: read).load(path: "signalbox.yaml")
        }
    }

    private static func broken(
        _ loaded: Result<Configuration, ConfigurationMistakes>, _ input: [UInt8]
    ) -> String? {
        // Whoever writes a secret where a name belongs sees it again.
        let isLiteral = String(decoding: input, as: UTF8.self).contains("never-to-be")
        switch loaded {
        case .success(let configuration):
            let text = configuration.describe()
            guard isLiteral || !text.contains(secret) else { return "a description holds no secret" }
            return text.utf8.count <= 64 * input.count + (64 << 10) ? nil : "a description is bounded"
        case .failure(let mistakes):
            let texts = mistakes.mistakes.map(\.description)
            guard 1...1_000 ~= texts.count else { return "1 to 1,000 mistakes" }
            guard isLiteral || !texts.contains(where: { $0.contains(secret) }) else {
                return "a mistake holds no secret"
            }
            return texts.allSatisfy { !$0.contains(where: \.isNewline) } ? nil : "a mistake is one line"
        }
    }

    // MARK: Variables

    private static func dotEnvironment(_ mutation: inout FuzzMutation) -> [UInt8] {
        let lines = [
            "A=b", "export B = 'c d' # e", "C=\"a\\n\\\"b\\\\\\$\"", "# none", "", "D=x#y #z", "SECRET1=s",
            "\tE=\r",
        ]
        return Array((0..<6).map { _ in mutation.pick(lines) + "\n" }.joined().utf8)
    }

    private static func broken(byDotEnvironment input: [UInt8]) -> String? {
        let yaml = "providers: [{name: a, kind: openai, keys: ['env:LAST'], models: [m]}]"
        let file = input + Array("\nLAST=the-last-one-counts\n".utf8)
        let loaded = loading([".env": file, "signalbox.yaml": Array(yaml.utf8)])
        if case .success(let configuration) = loaded,
            configuration.providers.first?.keys.first?.secret.reveal() != "the-last-one-counts"
        {
            return "of two equal names the last one counts"
        }
        return broken(loaded, input)
    }

    private static let variables = [
        "OTEL_SDK_DISABLED", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_COMPRESSION",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_RESOURCE_ATTRIBUTES",
        "OTEL_SERVICE_NAME", "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BLRP_SCHEDULE_DELAY",
        "OTEL_METRICS_EXPORTER", "OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER",
    ]

    private static func variables(_ mutation: inout FuzzMutation) -> [UInt8] {
        let values = [
            "true", "parentbased_traceidratio", "0.5", "http://127.0.0.1:4318/v1/traces", "a=b%20c,d=e",
            "10000",
            "gzip", "http/protobuf", "service.name=x,k=v", "otlp", "none", "",
        ]
        var lines = [mutation.pick(["", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318"])]
        for _ in 0..<4 { lines.append(mutation.pick(variables) + "=" + mutation.pick(values)) }
        return Array(lines.joined(separator: "\n").utf8)
    }

    private static func environment(_ bytes: [UInt8]) -> [String: String] {
        var input = FuzzInput(bytes)
        var variables: [String: String] = [:]
        while let line = input.line() {
            let pair = String(decoding: line, as: UTF8.self).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
        }
        return variables
    }

    // MARK: Addresses

    private static func addresses(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        if let address = ListenAddress(text), ListenAddress(address.description) != address {
            return "an address that is printed is the same"
        }
        guard let url = BaseURL(text) else { return nil }
        guard BaseURL(url.text) == url else { return "a URL that is printed is the same" }
        return url.text.utf8.count <= input.count && !url.text.hasSuffix("/") ? nil : "no longer than it was"
    }
}
