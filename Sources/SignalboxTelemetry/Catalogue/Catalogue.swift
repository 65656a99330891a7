/// The one place that spells metric names. Dashboards, alerts and invoices hang on them: add, never rename.
public enum Catalogue {
    /// Every metric that this version exports, for the documentation and the test that checks names.
    public static let all: [MetricDefinition] =
        attempts + standing + keys + queue + clients + usage + budgets + webhooks + genAI + genAILatest
        + service
        + scraping + tracing + export
        + process

    /// For what waits on a model: 10 ms to 300 s.
    public static let modelSeconds: [Double] = [
        0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300,
    ]

    /// For one token of a stream: 1 ms to 2.5 s.
    public static let tokenSeconds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5,
    ]

    /// For what waits on us: 10 µs to 1 s.
    public static let ownSeconds: [Double] = [
        0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
        0.25, 1,
    ]
}
