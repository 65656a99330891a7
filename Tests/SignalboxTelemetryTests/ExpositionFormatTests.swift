import Testing

@testable import SignalboxTelemetry

@Suite struct ExpositionFormatTests {
    static let prometheus2 =
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    static let prometheus3 =
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        + "application/openmetrics-text;version=0.0.1;q=0.5,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
    /// With native histograms, protobuf comes first.
    static let prometheus3Protobuf =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
        + "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
        + "application/openmetrics-text;version=0.0.1;q=0.4,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"

    static let prometheus2Protobuf =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
        + "application/openmetrics-text;version=1.0.0;q=0.8,"
        + "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

    @Test(arguments: [prometheus2, prometheus3])
    func `Prometheus gets OpenMetrics`(accept: String) {
        #expect(ExpositionFormat.negotiate(accept: accept) == .openMetrics)
    }

    @Test(arguments: [
        prometheus2Protobuf, prometheus3Protobuf,
        "Application/VND.google.protobuf; Proto=\"io.prometheus.client.MetricFamily\"; Encoding=delimited",
        "text/plain;q=0, application/openmetrics-text;q=0, */*",
    ])
    func `protobuf goes to who asks for native histograms, or has no other choice`(accept: String) {
        #expect(ExpositionFormat.negotiate(accept: accept) == .protobuf)
    }

    @Test(arguments: [
        "application/vnd.google.protobuf", "application/vnd.google.protobuf;encoding=delimited",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
        "application/vnd.google.protobuf;proto=opentelemetry.Metrics;encoding=delimited,text/plain;q=0.1",
        prometheus2Protobuf.replacing("delimited", with: "delimited;q=0.2"),
    ])
    func `protobuf of another kind, or less liked, is not protobuf`(accept: String) {
        #expect(ExpositionFormat.negotiate(accept: accept) != .protobuf)
    }

    @Test(arguments: [
        nil, "", " ", ",", ";;", "q=1", "/", "nonsense", "text/html", "application/openmetrics-text;q=high",
        "application/openmetrics-text;q=2", "application/openmetrics-text;q=-1",
        "application/openmetrics-text;version=\"1.0.0", "application/openmetrics-text;version",
    ])
    func `a missing, broken or foreign Accept gets the text format`(accept: String?) {
        #expect(ExpositionFormat.negotiate(accept: accept) == .text)
    }

    @Test(arguments: [
        "application/openmetrics-text; version=0.0.1", "application/openmetrics-text; version=2.0.0",
        "application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.1",
        "application/openmetrics-text;version=0.0.1,*/*;q=0.1",
    ])
    func `who does not accept version 1 0 0 gets the text format`(accept: String) {
        #expect(ExpositionFormat.negotiate(accept: accept) == .text)
    }

    @Test(arguments: [
        "application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8",
        "Application/OpenMetrics-Text ; Version = \"1.0.0\" ; Q = 0.5", "application/*",
        "text/plain;q=0.2, application/openmetrics-text;q=0.3", "text/plain;q=0, */*",
        "*/*, application/openmetrics-text", "application/openmetrics-text, text/plain",
        "text/plain;q=.5;, application/openmetrics-text;q=0.75;",
        "broken;;=, application/openmetrics-text", "\"a,b\";q=1, application/openmetrics-text",
    ])
    func `OpenMetrics goes to who prefers it`(accept: String) {
        #expect(ExpositionFormat.negotiate(accept: accept) == .openMetrics)
    }

    @Test(arguments: [
        "*/*", "text/*", "text/plain", "text/plain, application/openmetrics-text", "text/*, application/*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/openmetrics-text;q=0, */*", "application/openmetrics-text;version=1.0.0;q=0",
        "application/openmetrics-text;q=0.2, text/plain;q=0.3", "text/plain;q=0, */*;q=0", "text/plain;q=0",
        "application/openmetrics-text;version=1.0.0;q=0, application/openmetrics-text",
    ])
    func `the text format goes to everybody else`(accept: String) {
        #expect(ExpositionFormat.negotiate(accept: accept) == .text)
    }

    @Test func `each format names itself as scrapers expect`() {
        #expect(ExpositionFormat.text.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(
            ExpositionFormat.openMetrics.contentType
                == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(
            ExpositionFormat.protobuf.contentType
                == "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
                + "encoding=delimited")
    }
}
