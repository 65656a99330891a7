public import SignalboxCore
import SignalboxRouting
import SignalboxUsage

extension RouterStatus {
    /// As `GET /status` tells it: durations in milliseconds, what is absent left out.
    public var json: JSONTree {
        .object([
            "providers": .array(providers.map(\.json)),
            "routes": .array(
                routes.map { route in
                    .object([
                        "model": .string(route.model), "strategy": .string(route.strategy),
                        "providers": .strings(route.providers),
                    ])
                }),
            "waiting": .integer(waiting),
            "sessions": .integer(sessions),
            "budgets": budgets.isEmpty ? nil : .array(budgets.map(\.json)),
        ])
    }
}

extension RouterStatus.Provider {
    fileprivate var json: JSONTree {
        .object([
            "name": .string(name),
            "health": .string(standing.health.rawValue),
            "circuit": standing.breaker.json,
            "in_flight": .integer(standing.inFlight),
            "requests_per_minute": standing.requests.json,
            "tokens_per_minute": standing.tokens.json,
            "headroom": .double(standing.headroom),
            "latency_ms": standing.latencyMean.map { .milliseconds($0) },
            "waiting": .object(
                RequestPriority.allCases.compactMap { priority in
                    waiting[priority].map { JSONTree.Member(priority.rawValue, .integer($0)) }
                }),
            "keys": .array(standing.keys.map { $0.json(checked: checked[$0.alias]) }),
            "models_out": standing.modelsOut.isEmpty ? nil : .array(standing.modelsOut.map(\.json)),
        ])
    }
}

extension ProviderStatus.Key {
    fileprivate func json(checked: KeyState?) -> JSONTree {
        let wait: (name: String, time: Duration)? =
            switch state {
            case .good: nil
            case .resting(let rest): ("rests_for_ms", rest)
            case .out(_, let recheck): ("tried_in_ms", recheck)
            }
        var members = [
            JSONTree.Member("key", .string(alias)), JSONTree.Member("state", .string(state.text)),
        ]
        if let wait { members.append(JSONTree.Member(wait.name, .milliseconds(wait.time))) }
        if let checked { members.append(JSONTree.Member("checked", .string(checked.rawValue))) }
        members += [
            JSONTree.Member("circuit", breaker.json), JSONTree.Member("in_flight", .integer(inFlight)),
            JSONTree.Member("requests_per_minute", requests.json),
            JSONTree.Member("tokens_per_minute", tokens.json),
            JSONTree.Member("headroom", .double(headroom)),
        ]
        if !models.isEmpty { members.append(JSONTree.Member("models", .array(models.map(\.json)))) }
        return .object(members)
    }
}

extension BudgetStanding {
    /// Amounts in tokens, or in units of the currency, as exact text.
    fileprivate var json: JSONTree {
        func amount(_ amount: Int128) -> JSONTree {
            switch budget.limit {
            case .tokens: .integer(Int(clamping: amount))
            case .money(let money): .string(Money(nano: amount, currency: money.currency).decimal)
            }
        }
        return .object([
            "tenant": .string(tenant), "key": key.map { .string($0) },
            "kind": .string(BudgetLabels.kind(of: budget.limit)),
            "period": .string(budget.period.rawValue), "limit": amount(budget.limit.amount),
            "spent": amount(spent), "reserved": amount(reserved),
            "began": .string(InternetDate.print(span.start)),
            "begins_anew": .string(InternetDate.print(span.end)),
        ])
    }
}

extension ProviderStatus.Usage {
    fileprivate var json: JSONTree {
        .object(["used": .integer(used), "limit": limit.map { .integer($0) }])
    }
}

extension ProviderStatus.BreakerStatus {
    fileprivate var json: JSONTree {
        .object(["state": .string(state.rawValue), "tried_in_ms": triedIn.map { .milliseconds($0) }])
    }
}

extension ProviderStatus.ModelException {
    fileprivate var json: JSONTree {
        .object([
            "model": .string(model), "reason": .string(reason?.rawValue ?? "resting"),
            "tried_in_ms": .milliseconds(remaining),
        ])
    }
}

extension JSONTree {
    static func milliseconds(_ duration: Duration) -> JSONTree {
        .integer(Int(duration.millisecondsRoundedUp))
    }
}
