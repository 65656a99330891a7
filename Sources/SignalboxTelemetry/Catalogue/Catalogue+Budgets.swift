/// How far the budgets of tenants and their keys are used up; the gauges are set as a scrape asks.
extension Catalogue {
    static let budgets: [MetricDefinition] = [budgetLimit, budgetSpent, budgetReserved, budgetRefusals]

    private static let budgetLabels = ["tenant", "key", "kind", "period"]

    public static let budgetLimit = MetricDefinition(
        "llm_budget_limit", .gauge, labels: budgetLabels,
        help: "What may be used up in a period: tokens, or units of the currency that kind names.")

    public static let budgetSpent = MetricDefinition(
        "llm_budget_spent", .gauge, labels: budgetLabels,
        help: "What is used up since the period began; the key \"all\" is the tenant's own.")

    public static let budgetReserved = MetricDefinition(
        "llm_budget_reserved", .gauge, labels: budgetLabels,
        help: "What requests in flight may come to.")

    public static let budgetRefusals = MetricDefinition(
        "llm_budget_refusals_total", .counter, labels: budgetLabels,
        help: "Requests that a budget did not allow.")
}
