import SignalboxCore

extension Configuration.Route {
    func describe(in yaml: inout YAMLText, among configuration: Configuration) {
        yaml.value("model", model, depth: 2, isFirstOfEntry: true)
        yaml.value("strategy", strategy.rawValue, depth: 2)
        describe("targets", targets, depth: 2, in: &yaml, among: configuration)
        if !targetsByPriority.isEmpty { yaml.key("by_priority", depth: 2) }
        for priority in RequestPriority.allCases {
            guard let targets = targetsByPriority[priority] else { continue }
            describe(priority.rawValue, targets, depth: 3, in: &yaml, among: configuration)
        }
        if strategy == .adaptive { adaptive.describe(in: &yaml) }
        yaml.value("on_interrupt", onInterrupt.rawValue, depth: 2)
        if onInterrupt == .hold {
            yaml.key("hold", depth: 2)
            yaml.value("bytes_max", ByteCountText.print(hold.bytesMax), depth: 3)
            yaml.value("time", DurationText.print(hold.time), depth: 3)
        }
        yaml.value("wait_for_preferred", DurationText.print(waitForPreferred), depth: 2)
        if let hedgeAfter { yaml.value("hedge_after", DurationText.print(hedgeAfter), depth: 2) }
        yaml.value("affinity", "\(keepsSessions)", depth: 2)
        yaml.value("attempts_max", "\(attemptsMax)", depth: 2)
        yaml.value("request_timeout", DurationText.print(requestTimeout), depth: 2)
    }

    /// As a list of addresses where no target has a weight or a tier of its own.
    private func describe(
        _ key: String, _ targets: [Configuration.Target], depth: Int, in yaml: inout YAMLText,
        among configuration: Configuration
    ) {
        let entries = targets.flatMap { target -> [(target: Configuration.Target, model: String?)] in
            let isWhole = configuration.provider(named: target.provider)?.modelNames == target.models
            return isWhole ? [(target, nil)] : target.models.map { (target, $0) }
        }
        guard targets.contains(where: { $0.weight != 1 || $0.priority != 0 }) else {
            let names = entries.map { entry in
                entry.model.map { "\(entry.target.provider)/\($0)" } ?? entry.target.provider
            }
            yaml.list(key, names, depth: depth)
            return
        }
        yaml.key(key, depth: depth)
        for (target, model) in entries {
            yaml.value("provider", target.provider, depth: depth + 2, isFirstOfEntry: true)
            if let model { yaml.value("model", model, depth: depth + 2) }
            if strategy.takesWeights { yaml.number("weight", target.weight, depth: depth + 2) }
            yaml.value("priority", "\(target.priority)", depth: depth + 2)
        }
    }
}

extension Configuration.Adaptive {
    fileprivate func describe(in yaml: inout YAMLText) {
        yaml.key("adaptive", depth: 2)
        for (key, weights) in [("high", high), ("normal", normal), ("low", low)] {
            yaml.numbers(key, [weights.capacity, weights.latency, weights.weight], depth: 3)
        }
    }
}
