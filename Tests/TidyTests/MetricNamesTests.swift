import Testing

@Suite struct MetricNamesTests {
    @Test func `every metric named anywhere is in the catalogue`() {
        let names = MetricNames(Repository.current.files)
        expectNone(Repository.current.files.flatMap(names.findings(in:)))
    }

    private static let catalogue = RepositoryFile(
        path: "Sources/SignalboxTelemetry/Catalogue+Requests.swift",
        "static let a = Metric(name: \"llm_a_total\")\nstatic let b = Metric(name: \"llm_b_seconds\")")
    private static let events = RepositoryFile(
        path: "Sources/Signalbox/Events.swift", "log(\"llm_request_done\")")
    private static let shim = RepositoryFile(path: "Sources/CCurl/shim.h", "int signalbox_curl_set(void);")
    private let names = MetricNames([catalogue, events, shim])

    @Test(arguments: [
        ("docs/a.md", "`llm_missing_total`"),
        ("README.md", "rate(llm_a_totals[5m])"),
        ("alerts/a.yaml", "expr: llm_a_total_bucket_sum"),
        ("Sources/A/A.swift", "counter(\"llm_a_total\")"),
        ("Sources/A/A.swift", "counter(\"llm_c_total\")"),
        ("Sources/A/A.swift", "log(\"llm_request_done\")"),
        ("Sources/A/A.swift", "/// Counts llm_missing_total."),
        ("Sources/A/Events.swift", "counter(\"llm_b_seconds\")"),
    ])
    func `a name out of place is found`(path: String, line: String) {
        #expect(names.findings(in: RepositoryFile(path: path, line)).count == 1)
    }

    @Test(arguments: [
        (
            "docs/a.md",
            "llm_a_total, `llm_b_seconds_bucket`, llm_request_done, llm_*, signalbox.usage.v1, process_"
        ),
        ("dashboards/a.json", "{\"expr\": \"sum(rate(llm_b_seconds_count[5m]))\"}"),
        (
            "Sources/A/A.swift",
            "// as llm_a_total, by signalbox_curl_set\nsignalbox_curl_set()\nlet a = \"llm_\\(x)_total\""
        ),
        ("Tests/ATests/A.swift", "\"llm_other_total\""),
    ])
    func `a name in its place passes`(path: String, lines: String) {
        expectNone(names.findings(in: RepositoryFile(path: path, lines)))
    }
}
