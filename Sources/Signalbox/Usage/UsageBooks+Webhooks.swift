public import SignalboxConfig
import SignalboxCore
import SignalboxUsage

// Records on their way to whoever bills them.
extension UsageBooks {
    /// Begins to deliver, to the webhooks of this configuration. Once, before the first request.
    /// - Throws: where the store does not take them, or the system gives no thread.
    public func start(_ configuration: Configuration) async throws(RouterError) {
        try listener?.check(configuration)
        guard let deliveries else { return }
        let settings = try WebhookDeliveries.Settings(configuration)
        do throws(DeliveriesError) {
            try await deliveries.start(settings)
        } catch {
            throw RouterError(description: error.description)
        }
    }

    /// Has the operator's webhook told, if there is one.
    func tell(_ notice: BudgetNotice) {
        let standing = notice.standing
        deliveries?.tell(
            OperatorEvent(
                type: "budget.\(notice.kind.rawValue)",
                data: .object([
                    "tenant": .string(standing.tenant), "tenant_key": standing.key.map(JSONTree.string),
                    "kind": .string(BudgetLabels.kind(of: standing.budget.limit)),
                    "period": .string(standing.budget.period.rawValue),
                    "limit": .double(standing.units(standing.budget.limit.amount)),
                    "spent": .double(standing.units(standing.spent)),
                    "begins_anew": .string(InternetDate.print(standing.span.end)),
                ])))
    }

    /// Goes on with the webhooks of another configuration.
    /// - Throws: where the store does not take them; then nothing has changed.
    func update(_ configuration: Configuration) async throws(RouterError) {
        try listener?.check(configuration)
        guard let deliveries else { return }
        let settings = try WebhookDeliveries.Settings(configuration)
        do throws(DeliveriesError) {
            try await deliveries.update(settings)
        } catch {
            throw RouterError(description: error.description)
        }
    }
}
