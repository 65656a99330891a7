import SignalboxCore

extension ConfigurationReading {
    mutating func readServer() {
        guard let field = root["server"], let section = Section(field, .server) else { return }
        serverSection = section
        var server = configuration.server
        section.set(&server.listen, "listen", addresses)
        section.set(&server.threads, "threads", threads)
        section.set(&server.bodyBytesMax, "body_max") { $0.byteCount(in: .upToAGibibyte) }
        section.set(&server.headerBytesMax, "header_max") { $0.byteCount(in: 1 << 10...1 << 20) }
        section.set(&server.headerTimeout, "header_timeout") { $0.duration(in: .upToAnHour) }
        section.set(&server.bodyTimeout, "body_timeout") { $0.duration(in: .upToAnHour) }
        section.set(&server.idleTimeout, "idle_timeout") {
            $0.duration(in: .milliseconds(1) ... .seconds(86_400))
        }
        section.set(&server.writeTimeout, "write_timeout") { $0.duration(in: .upToAnHour) }
        section.set(&server.requestTimeout, "request_timeout") { $0.duration(in: .upToAnHour) }
        section.set(&server.connectionsMax, "connections_max") { $0.integer(in: 1...1_000_000) }
        section.set(&server.drainTimeout, "drain_timeout") { $0.duration(in: .zero ... .seconds(3_600)) }
        section.set(&server.allowsAnonymous, "allow_anonymous") { $0.flag() }
        section.set(&server.tls, "tls", tls)
        configuration.server = server
    }

    mutating func readLogging() {
        guard let field = root["logging"], let section = Section(field, .logging) else { return }
        section.set(&configuration.logging.level, "level") { $0.choice("log level") }
        section.set(&configuration.logging.format, "format") { $0.choice("log format") }
        section.set(&configuration.logging.logsContent, "log_content") { $0.flag() }
    }

    mutating func readTracing() {
        guard let field = root["tracing"], let section = Section(field, .tracing) else { return }
        section.set(&configuration.tracing.sampleRatio, "sample_ratio") { $0.ratio() }
        section.set(&configuration.tracing.propagation, "propagate") { $0.choice("way to propagate") }
    }

    mutating func readMetrics() {
        guard let field = root["metrics"], let section = Section(field, .metrics) else { return }
        section.set(&configuration.metrics.conventions, "semconv") { $0.choice("version of the conventions") }
    }

    private func addresses(_ field: Field) -> [ListenAddress]? {
        guard case .list = field.shape else { return address(field).map { [$0] } }
        guard let entries = field.list(max: 16, expected: "an address or a list of them") else { return nil }
        if entries.isEmpty {
            field.refuse("is an empty list", "name an address such as 127.0.0.1:8080")
            return nil
        }
        let found = entries.compactMap(address)
        return found.count == entries.count ? found : nil
    }

    func address(_ field: Field) -> ListenAddress? {
        guard let text = field.text(expected: "an address such as 127.0.0.1:8080") else { return nil }
        guard let address = ListenAddress(text) else {
            field.refuse(
                "\(Spelling.quoted(text)) is no IP address and port",
                "write 127.0.0.1:8080, or \"[::1]:8080\" in quotes; port 0 lets the system choose")
            return nil
        }
        return address
    }

    private func threads(_ field: Field) -> Configuration.Server.Threads? {
        guard let text = field.text(expected: "auto or 1 to 64") else { return nil }
        if text == "auto" { return .automatic }
        guard let count = Int(text), (1...64).contains(count) else {
            field.refuse("\(Spelling.quoted(text)) is neither auto nor a whole number from 1 to 64")
            return nil
        }
        return .count(count)
    }
}
