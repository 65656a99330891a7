import SignalboxCore

extension Configuration.OTLP {
    /// Every setting where it holds for one signal, so that none depends on another's.
    func describe(in yaml: inout YAMLText) {
        yaml.key("otlp")
        let signals = Signal.allCases.filter { destination(of: $0) != nil }
        yaml.list("signals", signals.map(\.rawValue), depth: 1)
        yaml.value("flush_timeout", DurationText.print(flushTimeout), depth: 1)
        if !resource.isEmpty { yaml.key("resource", depth: 1) }
        for (key, value) in resource.sorted(by: { $0.key < $1.key }) { yaml.value(key, value, depth: 2) }
        if let metrics {
            yaml.key("metrics", depth: 1)
            metrics.destination.describe(in: &yaml)
            yaml.value("interval", DurationText.print(metrics.interval), depth: 2)
            yaml.value("histograms", metrics.histograms.rawValue, depth: 2)
        }
        traces?.describe("traces", in: &yaml)
        logs?.describe("logs", in: &yaml)
    }

    func destination(of signal: Signal) -> Destination? {
        switch signal {
        case .metrics: metrics?.destination
        case .traces: traces?.destination
        case .logs: logs?.destination
        }
    }
}

extension Configuration.OTLP.Records {
    fileprivate func describe(_ signal: String, in yaml: inout YAMLText) {
        yaml.key(signal, depth: 1)
        destination.describe(in: &yaml)
        yaml.value("queue", "\(queueMax)", depth: 2)
        yaml.value("batch", "\(batchMax)", depth: 2)
        yaml.value("delay", DurationText.print(delay), depth: 2)
    }
}

extension Configuration.OTLP.Destination {
    fileprivate func describe(in yaml: inout YAMLText) {
        yaml.value("endpoint", url, depth: 2)
        if !headers.isEmpty { yaml.key("headers", depth: 2) }
        for header in headers { yaml.value(header.name, header.value.description, depth: 3) }
        yaml.value("compression", compression.rawValue, depth: 2)
        yaml.value("timeout", DurationText.print(timeout), depth: 2)
        yaml.value("export_timeout", DurationText.print(exportTimeout), depth: 2)
        yaml.value("retry_delay", DurationText.print(retryDelay), depth: 2)
        if let file = certificateAuthorityFile { yaml.value("ca_file", file, depth: 2) }
        if let file = clientCertificateFile { yaml.value("client_certificate", file, depth: 2) }
        if let file = clientKeyFile { yaml.value("client_key", file, depth: 2) }
    }
}
