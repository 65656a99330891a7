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
