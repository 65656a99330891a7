import SignalboxCore
import Yams

/// Reads `otlp:` and the `OTEL_…` variables into one value. What the file says of a thing counts, first for
/// the signal and then for all; what it does not say, the environment may.
struct OTLPReading {
    private let section: Section?
    private let variables: OTLPVariables
    private let readHeaders: (Field) -> [Configuration.Header]?

    init(
        section: Section? = nil, variables: OTLPVariables,
        readHeaders: @escaping (Field) -> [Configuration.Header]? = { _ in nil }
    ) {
        self.section = section
        self.variables = variables
        self.readHeaders = readHeaders
    }

    /// Nil where nothing is exported: neither the file nor the environment names a destination, or the
    /// environment forbids it.
    func configuration() -> Configuration.OTLP? {
        guard !variables.isDisabled else { return nil }
        var otlp = Configuration.OTLP()
        for signal in signals() {
            let own = ownSection(of: signal)
            let destination = destination(of: signal, own)
            switch signal {
            case .metrics: otlp.metrics = metrics(destination, own)
            case .traces: otlp.traces = records(destination, own, delay: .seconds(5), prefix: "OTEL_BSP")
            case .logs: otlp.logs = records(destination, own, delay: .seconds(1), prefix: "OTEL_BLRP")
            }
        }
        otlp.resource = resource()
        section?.set(&otlp.flushTimeout, "flush_timeout") { $0.duration(in: .upToTenMinutesOrZero) }
        return otlp.metrics == nil && otlp.traces == nil && otlp.logs == nil ? nil : otlp
    }

    // MARK: Which signals

    private func signals() -> [Configuration.OTLP.Signal] {
        if let field = section?["signals"] { return listed(field) }
        return Configuration.OTLP.Signal.allCases.filter(isWanted)
    }

    private func listed(_ field: Field) -> [Configuration.OTLP.Signal] {
        let all = Configuration.OTLP.Signal.allCases
        guard let entries = field.list(max: 3, expected: "a list of signals") else { return all }
        let words: [Configuration.OTLP.Signal] = entries.compactMap { $0.choice("signal") }
        return words.count < entries.count ? all : all.filter(words.contains)
    }

    private func isWanted(_ signal: Configuration.OTLP.Signal) -> Bool {
        let name = signal.rawValue.uppercased()
        let exporter = variables.choice(
            variables.first("OTEL_\(name)_EXPORTER"), [("otlp", true), ("none", false)])
        let isNamed = section != nil || variables.setting("ENDPOINT", of: signal) != nil
        return isNamed && exporter ?? true
    }

    private func ownSection(of signal: Configuration.OTLP.Signal) -> Section? {
        guard let field = section?[signal.rawValue] else { return nil }
        switch signal {
        case .metrics: return Section(field, .otlpMetrics)
        case .traces: return Section(field, .otlpTraces)
        case .logs: return Section(field, .otlpLogs)
        }
    }

    // MARK: Where to, and how

    private func destination(
        of signal: Configuration.OTLP.Signal, _ own: Section?
    ) -> Configuration.OTLP.Destination {
        checkProtocol(of: signal)
        // Empty where it is wrong: that was recorded, and what else is wrong should be, too.
        var destination = Configuration.OTLP.Destination(url: url(of: signal, own) ?? "")
        let sections = [own, section].compactMap(\.self)
        func set<Value>(_ value: inout Value, _ key: String, _ read: (Field) -> Value?, else other: Value?) {
            if let field = sections.lazy.compactMap({ $0[key] }).first {
                if let found = read(field) { value = found }
            } else if let other {
                value = other
            }
        }
        func variable(_ suffix: String) -> (name: String, value: String)? {
            variables.setting(suffix, of: signal)
        }
        func file(_ value: inout String?, _ key: String, _ suffix: String) {
            set(&value, key, { $0.name(bytesMax: 4_096) }, else: variable(suffix)?.value)
        }
        set(&destination.headers, "headers", headers, else: headers(variable("HEADERS")))
        set(
            &destination.compression, "compression", { $0.choice("compression") },
            else: variables.choice(variable("COMPRESSION"), [("gzip", .gzip), ("none", .none)]))
        set(
            &destination.timeout, "timeout", { $0.duration(in: .upToAnHour) },
            else: variables.duration(variable("TIMEOUT"), in: .upToAnHour))
        set(
            &destination.exportTimeout, "export_timeout", { $0.duration(in: .upToAnHour) },
            else: variables.duration(variables.first(exportTimeoutVariable(signal)), in: .upToAnHour))
        set(
            &destination.retryDelay, "retry_delay",
            { $0.duration(in: .milliseconds(1) ... .seconds(600)) }, else: nil)
        file(&destination.certificateAuthorityFile, "ca_file", "CERTIFICATE")
        file(&destination.clientCertificateFile, "client_certificate", "CLIENT_CERTIFICATE")
        file(&destination.clientKeyFile, "client_key", "CLIENT_KEY")
        return destination
    }

    private func exportTimeoutVariable(_ signal: Configuration.OTLP.Signal) -> String {
        switch signal {
        case .metrics: "OTEL_METRIC_EXPORT_TIMEOUT"
        case .traces: "OTEL_BSP_EXPORT_TIMEOUT"
        case .logs: "OTEL_BLRP_EXPORT_TIMEOUT"
        }
    }

    private func checkProtocol(of signal: Configuration.OTLP.Signal) {
        guard let found = variables.setting("PROTOCOL", of: signal), found.value != "http/protobuf" else {
            return
        }
        variables.refuse(
            found.name, "\(Spelling.quoted(found.value)) is not supported", "it may be http/protobuf")
    }

    /// A signal's own address is used as it is, the one for all gets the signal's path behind it.
    private func url(of signal: Configuration.OTLP.Signal, _ own: Section?) -> String? {
        let path = "/v1/\(signal.rawValue)"
        if let field = own?["endpoint"] { return address(field, appending: nil) }
        if let field = section?["endpoint"] { return address(field, appending: path) }
        let name = "OTEL_EXPORTER_OTLP_\(signal.rawValue.uppercased())_ENDPOINT"
        if let found = variables.first(name) { return address(found, appending: nil) }
        let found = variables.first("OTEL_EXPORTER_OTLP_ENDPOINT")
        return address(found ?? ("", "http://localhost:4318"), appending: path)
    }

    private static let noAddress = "is no http or https URL of host, port and path"
    private static let addressRemedy = "write it like http://collector.example.com:4318"

    private func address(_ field: Field, appending path: String?) -> String? {
        guard let text = field.text(expected: "a URL") else { return nil }
        if let url = OTLPEndpoint.url(text, appending: path) { return url }
        field.refuse(Self.noAddress, Self.addressRemedy)
        return nil
    }

    private func address(_ found: (name: String, value: String), appending path: String?) -> String? {
        if let url = OTLPEndpoint.url(found.value, appending: path) { return url }
        variables.refuse(found.name, Self.noAddress, Self.addressRemedy)
        return nil
    }
}

/// What each signal has of its own.
extension OTLPReading {
    private func metrics(
        _ destination: Configuration.OTLP.Destination, _ own: Section?
    ) -> Configuration.OTLP.Metrics {
        var metrics = Configuration.OTLP.Metrics(destination)
        let range = Duration.milliseconds(100) ... .seconds(86_400)
        if let found = variables.duration(variables.first("OTEL_METRIC_EXPORT_INTERVAL"), in: range) {
            metrics.interval = found
        }
        let words = [
            ("explicit_bucket_histogram", Configuration.OTLP.Histograms.explicit),
            ("base2_exponential_bucket_histogram", .exponential),
        ]
        let aggregation = variables.first("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION")
        if let found = variables.choice(aggregation, words) { metrics.histograms = found }
        let temporality = variables.first("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")
        _ = variables.choice(temporality, [("cumulative", true)])
        own?.set(&metrics.interval, "interval") { $0.duration(in: range) }
        own?.set(&metrics.histograms, "histograms") { $0.choice("kind of histogram") }
        return metrics
    }

    private func records(
        _ destination: Configuration.OTLP.Destination, _ own: Section?, delay: Duration, prefix: String
    ) -> Configuration.OTLP.Records {
        var records = Configuration.OTLP.Records(destination, delay: delay)
        let counts = 1...1_000_000
        if let found = variables.integer(variables.first("\(prefix)_MAX_QUEUE_SIZE"), in: counts) {
            records.queueMax = found
        }
        if let found = variables.integer(variables.first("\(prefix)_MAX_EXPORT_BATCH_SIZE"), in: counts) {
            records.batchMax = found
        }
        if let found = variables.duration(variables.first("\(prefix)_SCHEDULE_DELAY"), in: .upToAnHour) {
            records.delay = found
        }
        own?.set(&records.queueMax, "queue") { $0.integer(in: counts) }
        own?.set(&records.batchMax, "batch") { $0.integer(in: counts) }
        own?.set(&records.delay, "delay") { $0.duration(in: .upToAnHour) }
        records.batchMax = min(records.batchMax, records.queueMax)
        return records
    }

    // MARK: Headers and attributes

    private func headers(_ field: Field) -> [Configuration.Header]? {
        readHeaders(field)
    }

    private func headers(_ found: (name: String, value: String)?) -> [Configuration.Header]? {
        guard let found, let pairs = variables.pairs(found) else { return nil }
        var headers: [String: Secret] = [:]
        for (key, value) in pairs {
            let name = key.lowercased()
            if let flaw = ConfigurationReading.flaw(inHeaderNamed: name) {
                variables.refuse(found.name, "\(Spelling.quoted(key)) \(flaw.problem)", flaw.remedy)
            } else if !value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) {
                variables.refuse(found.name, "the value of \(Spelling.quoted(key)) holds a control character")
            } else {
                headers[name] = Secret(value)
            }
        }
        return headers.map { Configuration.Header(name: $0.key, value: $0.value) }
            .sorted { $0.name < $1.name }
    }

    private func resource() -> [String: String] {
        var attributes: [String: String] = [:]
        let found = variables.first("OTEL_RESOURCE_ATTRIBUTES")
        for (key, value) in variables.pairs(found) ?? [] {
            if Self.isAttributeKey(key) {
                attributes[key] = value
            } else if let found {
                variables.refuse(found.name, "\(Spelling.quoted(key)) is no attribute's name")
            }
        }
        if let name = variables["OTEL_SERVICE_NAME"] { attributes["service.name"] = name }
        guard let field = section?["resource"] else { return attributes }
        return attributes.merging(configuredResource(field)) { _, configured in configured }
    }

    private func configuredResource(_ field: Field) -> [String: String] {
        guard case .mapping(let mapping) = field.shape else {
            field.refuseShape(expected: "a mapping of attribute names to values")
            return [:]
        }
        guard mapping.count <= 64 else {
            field.refuse("has \(mapping.count) entries; the most is 64")
            return [:]
        }
        var attributes: [String: String] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            if Disguise.keyMaskNumber(of: name) != nil { continue }
            guard Self.isAttributeKey(name) else {
                field.child(key, key: name).refuse(
                    "is no attribute's name", "use letters, digits, ., _ and -")
                continue
            }
            attributes[name] = field.child(value, key: name).name(bytesMax: 1_024)
        }
        return attributes
    }

    private static func isAttributeKey(_ key: String) -> Bool {
        (1...255).contains(key.utf8.count)
            && key.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }
}

extension ConfigurationReading {
    /// Whether the file says how many traces are recorded.
    private var namesSampleRatio: Bool {
        guard case .mapping(let tracing) = root["tracing"]?.shape else { return false }
        return tracing["sample_ratio"] != nil
    }

    mutating func readOTLP() {
        let variables = OTLPVariables(secrets.environment, ledger: ledger)
        var section: Section?
        if let field = root["otlp"] {
            section = Section(field, .otlp)
            if section == nil { return }
        }
        let reading = self
        configuration.otlp = OTLPReading(
            section: section, variables: variables, readHeaders: { reading.headers($0) }
        ).configuration()
        guard configuration.otlp?.traces != nil, !namesSampleRatio, let ratio = variables.sampleRatio else {
            return
        }
        configuration.tracing.sampleRatio = ratio
    }
}
