import SignalboxConfig
import SignalboxCore
import Testing

@Suite struct OTLPTests {
    private func load(_ otlp: String? = nil, _ environment: [String: String] = [:]) throws -> Configuration
        .OTLP?
    {
        try Desk(Desk.provider + "\n" + (otlp ?? ""), environment: environment).load().otlp
    }

    private func mistakes(_ otlp: String = "", _ environment: [String: String]) -> [String] {
        Desk(Desk.provider + "\n" + otlp, environment: environment).mistakes()
    }

    @Test func `nothing is exported unless somebody says where to`() throws {
        #expect(try load() == nil)
        #expect(try load(nil, ["OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"]) == nil)
    }

    @Test func `the section alone exports everything to this machine, with the defaults`() throws {
        let otlp = try #require(try load("otlp: {}"))
        #expect(otlp.metrics?.destination.url == "http://localhost:4318/v1/metrics")
        #expect(otlp.traces?.destination.url == "http://localhost:4318/v1/traces")
        #expect(otlp.logs?.destination.url == "http://localhost:4318/v1/logs")
        #expect(otlp.metrics?.interval == .seconds(60))
        #expect(otlp.metrics?.histograms == .explicit)
        #expect(otlp.traces?.delay == .seconds(5))
        #expect(otlp.logs?.delay == .seconds(1))
        #expect(otlp.logs?.queueMax == 2_048)
        #expect(otlp.logs?.batchMax == 512)
        #expect(otlp.logs?.destination.timeout == .seconds(10))
        #expect(otlp.logs?.destination.exportTimeout == .seconds(30))
        #expect(otlp.logs?.destination.compression == .gzip)
        #expect(otlp.resource.isEmpty)
    }

    @Test func `a receiver's address gets the signal's path, a signal's own is used as it is`() throws {
        let otlp = try load(
            """
            otlp:
              endpoint: https://Collector.example:4318/prefix/
              traces: {endpoint: "http://h"}
              logs: {endpoint: "http://h:1/insert/?stream=a,b"}
            """)
        #expect(otlp?.metrics?.destination.url == "https://collector.example:4318/prefix/v1/metrics")
        #expect(otlp?.traces?.destination.url == "http://h/")
        #expect(otlp?.logs?.destination.url == "http://h:1/insert/?stream=a,b")
    }

    @Test func `the file counts before the environment, and a signal before all of them`() throws {
        let environment = [
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://variable", "OTEL_EXPORTER_OTLP_TIMEOUT": "2000",
            "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "3000", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://logs",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        ]
        let fromVariables = try load(nil, environment)
        #expect(fromVariables?.metrics?.destination.url == "http://variable/v1/metrics")
        #expect(fromVariables?.metrics?.destination.timeout == .seconds(2))
        #expect(fromVariables?.logs?.destination.url == "http://logs/")
        #expect(fromVariables?.logs?.destination.timeout == .seconds(3))
        #expect(fromVariables?.logs?.destination.compression == Configuration.OTLP.Compression.none)
        let both = try load("otlp: {endpoint: http://file, logs: {timeout: 4s}}", environment)
        #expect(both?.metrics?.destination.url == "http://file/v1/metrics")
        #expect(both?.metrics?.destination.timeout == .seconds(2))
        #expect(both?.logs?.destination.url == "http://file/v1/logs")
        #expect(both?.logs?.destination.timeout == .seconds(4))
    }

    @Test func `one signal's variable exports that signal alone`() throws {
        let otlp = try load(nil, ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h/v1/traces"])
        #expect(otlp?.traces?.destination.url == "http://h/v1/traces")
        #expect(otlp?.metrics == nil && otlp?.logs == nil)
    }

    @Test func `signals can be left out`() throws {
        let listed = try load("otlp: {signals: [logs]}")
        #expect(listed?.logs != nil && listed?.metrics == nil && listed?.traces == nil)
        let environment = ["OTEL_METRICS_EXPORTER": "none", "OTEL_TRACES_EXPORTER": "otlp"]
        let chosen = try load("otlp: {}", environment)
        #expect(chosen?.logs != nil && chosen?.metrics == nil && chosen?.traces != nil)
        #expect(try load("otlp: {signals: []}") == nil)
    }

    @Test func `the environment can forbid it all`() throws {
        #expect(try load("otlp: {}", ["OTEL_SDK_DISABLED": "TRUE"]) == nil)
        #expect(try load("otlp: {}", ["OTEL_SDK_DISABLED": "1"]) != nil)
    }

    @Test func `the environment says it without a file, too`() throws {
        let environment = ["OPENAI_API_KEY": "k", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318"]
        let configuration = try Desk(environment: environment).load()
        #expect(configuration.otlp?.logs?.destination.url == "http://h:4318/v1/logs")
    }

    @Test func `batches and intervals come from their variables`() throws {
        let otlp = try load(
            "otlp: {}",
            [
                "OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BSP_EXPORT_TIMEOUT": "200",
                "OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "20",
                "OTEL_BLRP_SCHEDULE_DELAY": "300", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "5",
                "OTEL_METRIC_EXPORT_INTERVAL": "500", "OTEL_METRIC_EXPORT_TIMEOUT": "600",
                "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION":
                    "base2_exponential_bucket_histogram",
                "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "cumulative",
            ])
        #expect(otlp?.traces?.delay == .milliseconds(100))
        #expect(otlp?.traces?.destination.exportTimeout == .milliseconds(200))
        #expect(otlp?.traces?.queueMax == 10)
        #expect(otlp?.traces?.batchMax == 10, "a batch is no larger than its queue")
        #expect(otlp?.logs?.delay == .milliseconds(300))
        #expect(otlp?.logs?.batchMax == 5)
        #expect(otlp?.metrics?.interval == .milliseconds(500))
        #expect(otlp?.metrics?.destination.exportTimeout == .milliseconds(600))
        #expect(otlp?.metrics?.histograms == .exponential)
    }

    @Test func `headers and attributes are lists with percent signs`() throws {
        let otlp = try load(
            "otlp: {resource: {team: rail, deployment.environment.name: x}}",
            [
                "OTEL_EXPORTER_OTLP_HEADERS": "Api-Key=a%20b%2Cc, x-y = 1=2 ",
                "OTEL_RESOURCE_ATTRIBUTES": "service.name=one,team=road,host.name=a%3Db",
                "OTEL_SERVICE_NAME": "two",
            ])
        let headers = otlp?.logs?.destination.headers.map { "\($0.name)=\($0.value.reveal())" }
        #expect(headers == ["api-key=a b,c", "x-y=1=2"])
        let expected = [
            "service.name": "two", "team": "rail", "host.name": "a=b", "deployment.environment.name": "x",
        ]
        #expect(otlp?.resource == expected)
    }

    @Test(arguments: [
        ("", "parentbased_traceidratio", "0.25", 0.25), ("", "parentbased_traceidratio", nil, 1),
        ("", "parentbased_always_off", "0.25", 0), ("", "parentbased_always_on", nil, 1),
        ("tracing: {sample_ratio: 0.5}", "parentbased_always_off", nil, 0.5),
    ])
    func `the sampler is the environment's unless the file has one`(
        tracing: String, sampler: String, argument: String?, ratio: Double
    ) throws {
        var environment = ["OTEL_TRACES_SAMPLER": sampler]
        environment["OTEL_TRACES_SAMPLER_ARG"] = argument
        let desk = Desk("\(Desk.provider)\notlp: {}\n\(tracing)", environment: environment)
        #expect(try desk.load().tracing.sampleRatio == ratio)
    }

    @Test func `files of certificates are taken by name`() throws {
        let otlp = try load(
            "otlp: {client_key: k.pem}",
            [
                "OTEL_EXPORTER_OTLP_CERTIFICATE": "ca.pem", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "c.pem",
                "OTEL_EXPORTER_OTLP_CLIENT_KEY": "other.pem",
            ])
        #expect(otlp?.logs?.destination.certificateAuthorityFile == "ca.pem")
        #expect(otlp?.logs?.destination.clientCertificateFile == "c.pem")
        #expect(otlp?.logs?.destination.clientKeyFile == "k.pem")
    }

    @Test func `a description loads as the same export`() throws {
        let first = try Desk(
            """
            \(Desk.provider)
            otlp:
              endpoint: http://h:1
              compression: none
              flush_timeout: 0s
              resource: {service.name: "a b", team: "1"}
              signals: [logs, metrics]
              metrics: {interval: 100ms, histograms: exponential, client_certificate: c.pem}
              logs: {endpoint: "http://g/?x=1", queue: 7, batch: 7, delay: 2s, retry_delay: 5ms}
            """
        ).load()
        #expect(first.otlp?.traces == nil)
        #expect(try Desk(first.describe()).load() == first)
    }

    @Test(arguments: [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "\"grpc\" is not supported; it may be http/protobuf"),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317",
            "is no http or https URL of host, port and path; write it like http://collector.example.com:4318"
        ),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "\"zstd\" is not supported; it may be gzip, none"),
        (
            "OTEL_EXPORTER_OTLP_TIMEOUT", "10s",
            "\"10s\" is not a whole number of milliseconds from 1 to 3600000"
        ),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "\"0\" is not a whole number from 1 to 1000000"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS", "secret",
            "is no list of key=value; write k1=v1,k2=v2, with %2C for a comma"
        ),
        (
            "OTEL_EXPORTER_OTLP_HEADERS", "host=x",
            "\"host\" is a header that Signalbox writes itself; remove it"
        ),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%0Ac", "the value of \"a\" holds a control character"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a b=c", "\"a b\" is no attribute's name"),
        (
            "OTEL_RESOURCE_ATTRIBUTES", "a=%zz",
            "is no list of key=value; write k1=v1,k2=v2, with %2C for a comma"
        ),
        (
            "OTEL_TRACES_SAMPLER", "traceidratio",
            "\"traceidratio\" is not supported; it may be parentbased_always_on, parentbased_always_off, "
                + "parentbased_traceidratio"
        ),
        ("OTEL_LOGS_EXPORTER", "console", "\"console\" is not supported; it may be otlp, none"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta",
            "\"delta\" is not supported; it may be cumulative"
        ),
    ])
    func `a wrong variable is a mistake by its name`(name: String, value: String, problem: String) {
        let found = mistakes("otlp: {}", [name: value])
        #expect(Set(found) == ["environment: \(name): \(problem)"])
    }

    @Test func `a variable that is wrong does not matter where nothing is exported`() {
        #expect(mistakes([:]).isEmpty)
        #expect(mistakes(["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TIMEOUT": "x"]).isEmpty)
    }

    private func mistakes(_ environment: [String: String]) -> [String] {
        mistakes("", environment)
    }
}
