import SignalboxCore
import SignalboxTelemetry
import SignalboxUsage

/// What the router has to say of budgets: each once a period.
final class BudgetEvents: Sendable {
    private let logger: Logger
    private let listener: (@Sendable (BudgetNotice) -> Void)?

    init(logger: Logger, listener: (@Sendable (BudgetNotice) -> Void)?) {
        self.logger = logger
        self.listener = listener
    }

    /// - Parameter call: the request that it came with; nil for a change of configuration.
    func tell(_ notices: [BudgetNotice], of call: RoutedCall? = nil) {
        for notice in notices {
            let event: LogEvent =
                switch notice.kind {
                case .warning: "budget_warning"
                case .exhausted: "budget_exhausted"
                }
            let standing = notice.standing
            logger.log(.warning, event, requestID: call?.requestID, trace: call?.trace.context) { fields in
                fields.string("tenant", standing.tenant)
                fields.string("tenant_key", standing.key)
                fields.string("kind", BudgetLabels.kind(of: standing.budget.limit))
                fields.string("period", standing.budget.period.rawValue)
                fields.double("limit", standing.units(standing.budget.limit.amount))
                fields.double("spent", standing.units(standing.spent))
                fields.double("reserved", standing.units(standing.reserved))
                fields.string("begins_anew", InternetDate.print(standing.span.end))
            }
            listener?(notice)
        }
    }
}
