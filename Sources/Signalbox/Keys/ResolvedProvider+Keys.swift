import SignalboxConfig
import SignalboxCore
import SignalboxKeys
import SignalboxProviders

extension ResolvedProvider {
    /// Its keys, as they are checked. None where there is no way to check them.
    func watchedKeys(_ checks: Configuration.KeyChecks) -> [WatchedKey] {
        let (adapter, models) = (adapter, modelNames)
        guard adapter.probe(keys.first?.secret, models: models) != nil else { return [] }
        let headers = settings.headers.map { (name: $0.name, value: $0.value) }
        return keys.compactMap { key in
            guard let secret = key.secret, let traffic = key.traffic else { return nil }
            return WatchedKey(
                provider: name, kind: settings.kind.rawValue, alias: key.alias, secret: secret,
                question: KeyQuestion(
                    headers: headers, authorityFile: settings.certificateAuthorityFile,
                    timeout: checks.timeout,
                    probe: {
                        adapter.probe(secret, models: models).map { CleanProbe($0, key.redaction) }
                    }),
                interval: checks.interval, jitter: checks.jitter, retry: min(checks.retry, checks.interval),
                requestsPerMinute: checks.requestsPerMinute, models: models, traffic: traffic)
        }
    }
}

/// A probe whose report has no secret in it, not even one that went beside the key.
struct CleanProbe: KeyProbe {
    private var probe: any KeyProbe
    private let redaction: KeyRedaction

    init(_ probe: any KeyProbe, _ redaction: KeyRedaction) {
        self.probe = probe
        self.redaction = redaction
    }

    mutating func begin() -> KeyProbeStep { clean(probe.begin()) }

    mutating func take(_ outcome: KeyProbeOutcome) -> KeyProbeStep { clean(probe.take(outcome)) }

    private func clean(_ step: KeyProbeStep) -> KeyProbeStep {
        switch step {
        case .ask: step
        case .done(let report): .done(redaction.clean(report))
        }
    }
}

extension KeyTraffic {
    /// Takes what an attempt has shown of its key; nil for an answer.
    func ended(_ failure: FailureKind?, at now: Instant) {
        switch failure {
        case nil: proved(at: now)
        case .keyRejected, .noCredit: refused()
        case .unreachable, .timeout, .overloaded, .rateLimited, .accessMissing, .modelNotFound,
            .contextTooLong, .contentFiltered, .invalidRequest, .malformedReply, .interrupted, .cancelled:
            break
        }
    }
}
