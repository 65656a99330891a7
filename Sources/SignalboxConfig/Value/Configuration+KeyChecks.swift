import SignalboxProviders

extension Configuration {
    /// `key_checks:`, how it is found out which providers' keys are good, without spending a token.
    public struct KeyChecks: Sendable, Equatable {
        /// From one check of a key to the next: 1 s to 7 d. Default 15 min.
        public var interval = Duration.seconds(900)
        /// By what part of ``interval`` a check may come earlier or later: 0 to 0.5. Default 0.1.
        public var jitter = 0.1
        /// For a whole check: 100 ms to 60 s. Default 10 s.
        public var timeout = Duration.seconds(10)
        /// After a check that taught nothing, or raised a doubt; doubles up to ``interval``: 100 ms to 1 h.
        /// Default 30 s.
        public var retry = Duration.seconds(30)
        /// Requests that the checks of one provider's keys may take in any 60 seconds: 1 to 6,000. Default
        /// 60.
        public var requestsPerMinute = 60

        public init() {}
    }

    /// `providers[].key_checks:`, whether a provider's keys are checked otherwise than the others'.
    public enum ProviderKeyChecks: Sendable, Equatable {
        /// As ``Configuration/keyChecks`` says.
        case inherited
        case off
        case own(KeyChecks)
    }

    /// How the keys of this provider are checked; nil where they are not: it has none, makes no connection,
    /// or it is turned off.
    public func keyChecks(of provider: Provider) -> KeyChecks? {
        guard provider.kind.isNetworked, !provider.keys.isEmpty else { return nil }
        switch provider.keyChecks {
        case .inherited: return keyChecks
        case .off: return nil
        case .own(let checks): return checks
        }
    }
}

extension Configuration.KeyChecks {
    func describe(depth: Int, in yaml: inout YAMLText) {
        yaml.key("key_checks", depth: depth)
        yaml.value("interval", DurationText.print(interval), depth: depth + 1)
        yaml.number("jitter", jitter, depth: depth + 1)
        yaml.value("timeout", DurationText.print(timeout), depth: depth + 1)
        yaml.value("retry", DurationText.print(retry), depth: depth + 1)
        yaml.value("requests_per_minute", "\(requestsPerMinute)", depth: depth + 1)
    }

    static func describeOff(depth: Int, in yaml: inout YAMLText) {
        yaml.value("key_checks", "off", depth: depth)
    }
}
