import SignalboxCore
import SignalboxKeys
import SignalboxProviders
import SignalboxTesting
import Testing

/// Whatever happens between us and a vendor, over real sockets and with its own probe: no key is called bad.
@Suite(.timeLimit(.minutes(3))) struct KeyCheckFaultTests {
    static let kinds = ProviderKind.allCases.filter { $0 != .mock && $0 != .custom }

    /// What is done to each connection once its request has come, and what a check makes of it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let states: Set<KeyState>
        var retryAfter: Duration?
        let script: @Sendable (RawSocket) -> Void

        init(
            _ name: String, _ states: Set<KeyState>, retryAfter: Duration? = nil,
            _ script: @escaping @Sendable (RawSocket) -> Void
        ) {
            testDescription = name
            self.states = states
            self.retryAfter = retryAfter
            self.script = script
        }

        /// A whole reply, or what comes of one before the end.
        static func reply(_ status: Int, _ body: String, _ fields: String = "", length: Int? = nil) -> String
        {
            let length = length ?? body.utf8.count
            return "HTTP/1.1 \(status) Whatever\r\n\(fields)Content-Length: \(length)\r\n\r\n\(body)"
        }
    }

    private static let refusal = #"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#

    static let faults: [Fault] = [
        Fault("silence", [.providerDown]) { _ = $0.readToEnd() },
        Fault("an end", [.providerDown, .unknown]) { $0.finishWriting() },
        Fault("a reset", [.providerDown, .unknown]) { $0.reset() },
        Fault("a refusal that breaks off", [.providerDown, .unknown]) {
            $0.write(Fault.reply(401, refusal, length: 999))
            $0.finishWriting()
        },
        Fault("a refusal that stalls", [.providerDown]) {
            $0.write(Fault.reply(401, refusal, length: 999))
            _ = $0.readToEnd()
        },
        Fault("503 with a refusal", [.providerDown]) { $0.write(Fault.reply(503, refusal)) },
        Fault("a proxy's page", [.unknown]) {
            $0.write(Fault.reply(403, "<html>Access denied</html>", "Content-Type: text/html\r\n"))
        },
        Fault("JSON that breaks off", [.unknown]) { $0.write(Fault.reply(200, #"{"data":[{"id":"m""#)) },
        Fault("a redirect", [.unknown]) {
            $0.write(Fault.reply(302, "", "Location: http://127.0.0.1:1/login\r\n"))
        },
        Fault("429 with seconds", [.rateLimited], retryAfter: .seconds(17)) {
            $0.write(Fault.reply(429, refusal, "Retry-After: 17\r\n"))
        },
        Fault("429 with a date", [.rateLimited], retryAfter: .zero) {
            $0.write(Fault.reply(429, refusal, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
        },
        Fault("429 with milliseconds", [.rateLimited]) {
            $0.write(Fault.reply(429, refusal, "Retry-After-Ms: 1500\r\n"))
        },
        Fault("429 without a word", [.rateLimited]) { $0.write(Fault.reply(429, "")) },
        Fault("a reply larger than may be", [.providerDown, .unknown]) { socket in
            socket.write("HTTP/1.1 401 Whatever\r\nContent-Length: \(4 << 20)\r\n\r\n{")
            while socket.write(String(repeating: "x", count: 65_536)) {}
        },
    ]

    private func question(_ kind: ProviderKind, _ base: String) throws -> KeyQuestion {
        var settings = ProviderSettings(baseURL: base + "/v1")
        settings.tokenURL = base + "/token"
        settings.folder = "b1gfolder"
        let adapter = try kind.adapter(settings: settings)
        return KeyQuestion(timeout: .milliseconds(700)) {
            adapter.probe(Secret("some-key"), models: [])
        }
    }

    @Test(arguments: kinds) func `no fault is a verdict`(kind: ProviderKind) async throws {
        let inquirer = try KeyInquirer()
        try inquirer.start()
        for fault in Self.faults {
            let server = try RawServer { socket in
                guard socket.readMessage() != nil else { return }
                fault.script(socket)
                _ = socket.readToEnd()
            }
            let answer = await inquirer.ask(try question(kind, "http://127.0.0.1:\(server.port)"))
            server.stop()
            let report = answer.report
            #expect(fault.states.contains(report.state), "\(fault.testDescription): \(report.state)")
            #expect(report.state.weight == .nothing && report.proof == KeyProof())
            #expect(answer.requests == 1, "\(fault.testDescription)")
            if let wait = fault.retryAfter { #expect(report.retryAfter == wait) }
        }
        await inquirer.shutdown()
    }

    @Test(arguments: kinds) func `nor is a name without address, a closed port, or no TLS`(
        kind: ProviderKind
    ) async throws {
        let inquirer = try KeyInquirer()
        try inquirer.start()
        let server = try RawServer { socket in
            _ = socket.read()
            socket.write("no TLS here\r\n")
        }
        let port = server.port
        let plain = await inquirer.ask(try question(kind, "https://127.0.0.1:\(port)"))
        server.stop()
        let refused = await inquirer.ask(try question(kind, "http://127.0.0.1:\(port)"))
        let unnamed = await inquirer.ask(try question(kind, "http://no.such.host.invalid"))
        for report in [plain, refused, unnamed].map(\.report) {
            #expect(report.state == .providerDown && report.code == .networkTimeout, "\(report.message)")
        }
        await inquirer.shutdown()
    }
}
