import SignalboxCore
import SignalboxTesting
import Synchronization
import Testing

@testable import SignalboxKeys

@Suite(.timeLimit(.minutes(2))) struct KeyInquirerTests {
    private let key = Secret("sk-planted-0123456789")

    private func ask<Answer>(_ body: (KeyInquirer) async throws -> Answer) async throws -> Answer {
        let inquirer = try KeyInquirer()
        try inquirer.start()
        do {
            let answer = try await body(inquirer)
            await inquirer.shutdown()
            return answer
        } catch {
            await inquirer.shutdown()
            throw error
        }
    }

    private func question(
        _ server: RawServer, stages: Int = 1, method: KeyProbeRequest.Method = .get,
        timeout: Duration = .seconds(8), requestIDHeader: String? = nil
    ) -> KeyQuestion {
        let (key, url) = (key, "http://127.0.0.1:\(server.port)/v1/models?limit=1")
        return KeyQuestion(timeout: timeout) {
            ReadingProbe(url, key: key, method: method, stages: stages, requestIDHeader: requestIDHeader)
        }
    }

    @Test func `a probe's request goes out as it is, and its reply comes back`() async throws {
        let server = try RawServer.answering { request in
            reply(
                200, "\(request.firstLine)|\(request.header("authorization") ?? "-")|\(request.text)",
                ["x-request-id: r-1"])
        }
        defer { server.stop() }
        let asked = question(server)
        let answer = try await ask { await $0.ask(asked) }
        #expect(answer.report.state == .valid && answer.report.requestID == "r-1")
        #expect(
            answer.report.message == "GET /v1/models?limit=1 HTTP/1.1|Bearer \(key.reveal())|")
        #expect(answer.requests == 1 && answer.elapsed > .zero)
    }

    @Test func `a probe that posts has its body sent, each request with an identity of its own`() async throws
    {
        let server = try RawServer.answering { request in
            reply(200, "\(request.firstLine)|\(request.text)|\(request.header("rquid") ?? "-")")
        }
        defer { server.stop() }
        let asked = question(server, method: .post, requestIDHeader: "RqUID")
        let answers = try await ask { inquirer in
            [await inquirer.ask(asked), await inquirer.ask(asked)].map {
                $0.report.message.split(separator: "|").map(String.init)
            }
        }
        #expect(answers.allSatisfy { $0[0] == "POST /v1/models?limit=1 HTTP/1.1" && $0[1] == "scope=0" })
        #expect(Set(answers.map { $0[2] }).count == 2 && answers.allSatisfy { $0[2].utf8.count == 36 })
        #expect(server.accepted == 1)
    }

    @Test func `a provider's own headers go along, and take the place of none of the probe's`() async throws {
        let server = try RawServer.answering { request in
            reply(200, ["x-team", "authorization"].map { request.header($0) ?? "-" }.joined(separator: "|"))
        }
        defer { server.stop() }
        var asked = question(server)
        asked.headers = [("x-team", Secret("blue")), ("Authorization", Secret("Bearer other"))]
        let sent = asked
        let answer = try await ask { await $0.ask(sent) }
        #expect(answer.report.message == "blue|Bearer \(key.reveal())")
    }

    @Test func `each of several requests is told as it begins`() async throws {
        let server = try RawServer.answering { _ in reply(200, "{}") }
        defer { server.stop() }
        let told = Mutex<[KeyProbeProgress]>([])
        let asked = question(server, stages: 3)
        let answer = try await ask { inquirer in
            await inquirer.ask(asked) { one in told.withLock { $0.append(one) } }
        }
        #expect(answer.requests == 3)
        #expect(
            told.withLock { $0 }
                == (0..<3).map { KeyProbeProgress(scope: "s\($0)", current: $0 + 1, total: 3) })
    }

    @Test func `a redirect is an answer, not a way to go`() async throws {
        let server = try RawServer.answering { request in
            request.firstLine.contains("/v1/models")
                ? reply(302, "elsewhere", ["Location: /stolen"]) : reply(200, "{}")
        }
        defer { server.stop() }
        let asked = question(server)
        let answer = try await ask { await $0.ask(asked) }
        #expect(answer.report.status == 302 && answer.report.state == .unknown)
    }

    @Test func `the timeout is for the whole check: what is left of it then fails unsent`() async throws {
        let count = Atomic(0)
        let server = try RawServer { socket in
            while socket.readMessage() != nil {
                // The first is answered, later ones never.
                guard count.add(1, ordering: .relaxed).newValue == 1 else { break }
                socket.write(reply(200, "{}"))
            }
            _ = socket.readToEnd()
        }
        defer { server.stop() }
        let asked = question(server, stages: 4, timeout: .milliseconds(400))
        let answer = try await ask { await $0.ask(asked) }
        #expect(answer.report.state == .providerDown && answer.report.code == .networkTimeout)
        #expect(answer.requests == 2)
        #expect(answer.elapsed >= .milliseconds(400) && answer.elapsed < .seconds(5))
    }

    @Test func `who stops to wait for a check ends it`() throws {
        let (came, gone) = (Handover<Void>(), Handover<Void>())
        let server = try RawServer.afterRequest { socket in
            came.put(())
            _ = socket.readToEnd()
            gone.put(())
        }
        defer { server.stop() }
        let (inquirer, caller, asked) = (try KeyInquirer(), try CallerLoop(), question(server))
        try inquirer.start()
        let asking = caller.begin { await inquirer.ask(asked) }
        try came.take()
        asking.task.cancel()
        #expect(try asking.value.take().report.state == .unknown)
        try gone.take()
        try caller.run { await inquirer.shutdown() }
    }

    @Test func `the end of the inquirer ends its checks, and answers those that come later`() throws {
        let came = Handover<Void>()
        let server = try RawServer.afterRequest { socket in
            came.put(())
            _ = socket.readToEnd()
        }
        defer { server.stop() }
        let (inquirer, caller, asked) = (try KeyInquirer(), try CallerLoop(), question(server))
        try inquirer.start()
        let asking = caller.begin { await inquirer.ask(asked) }
        try came.take()
        try caller.run { await inquirer.shutdown() }
        #expect(try asking.value.take().report.state == .unknown)
        let late = try caller.run { await inquirer.ask(asked) }
        #expect(late.report.state == .unknown && late.requests == 0)
        try caller.run { await inquirer.shutdown() }
    }

    @Test func `where addresses are guarded, nothing is sent to those inside`() async throws {
        let server = try RawServer.answering { _ in reply(200, "{}") }
        defer { server.stop() }
        var asked = question(server)
        asked.addressGuard = AddressGuard()
        let sent = asked
        let answer = try await ask { await $0.ask(sent) }
        #expect(answer.report.state == .providerDown && server.accepted == 0)
    }

    @Test func `a kind of key without a probe is said to have none`() async throws {
        let answer = try await ask { await $0.ask(KeyQuestion { nil }) }
        #expect(answer.report.state == .unknown && answer.report.code == .validationError)
        #expect(answer.requests == 0)
    }

    @Test func `many checks share the thread and the connections, and each gets its own answer`() async throws
    {
        let server = try RawServer.answering { request in
            reply(200, request.header("authorization") ?? "-")
        }
        defer { server.stop() }
        let url = "http://127.0.0.1:\(server.port)/"
        let answers = try await ask { inquirer in
            await withTaskGroup(of: (Int, KeyAnswer).self) { group in
                for number in 0..<50 {
                    let question = KeyQuestion(timeout: .seconds(8)) {
                        ReadingProbe(url, key: Secret("key-\(number)"))
                    }
                    group.addTask { (number, await inquirer.ask(question)) }
                }
                return await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1.report.message }
            }
        }
        #expect(answers == Dictionary(uniqueKeysWithValues: (0..<50).map { ($0, "Bearer key-\($0)") }))
    }
}

/// Whatever happens on the way, no key is called bad for it.
@Suite(.timeLimit(.minutes(2))) struct KeyInquirerFaultTests {
    private func report(_ url: String, timeout: Duration = .seconds(5)) async throws -> KeyReport {
        let inquirer = try KeyInquirer()
        try inquirer.start()
        let question = KeyQuestion(timeout: timeout) { ReadingProbe(url, key: Secret("sk-1")) }
        let answer = await inquirer.ask(question)
        await inquirer.shutdown()
        return answer.report
    }

    private func report(_ script: @escaping @Sendable (RawSocket) -> Void) async throws -> KeyReport {
        let server = try RawServer.afterRequest(script)
        defer { server.stop() }
        return try await report("http://127.0.0.1:\(server.port)/")
    }

    @Test func `a name without address, nobody who listens, and a server that speaks no TLS`() async throws {
        #expect(try await report("http://no.such.host.invalid/").state == .providerDown)
        let server = try RawServer { socket in
            _ = socket.read()
            socket.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        }
        #expect(try await report("https://127.0.0.1:\(server.port)/").state == .providerDown)
        server.stop()
        #expect(try await report("http://127.0.0.1:\(server.port)/").state == .providerDown)
    }

    @Test func `silence, before the reply or within it, ends with the timeout`() async throws {
        for words in ["", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 10\r\n\r\n{\"er"] {
            let server = try RawServer.afterRequest { socket in
                socket.write(words)
                _ = socket.readToEnd()
            }
            let found = try await report("http://127.0.0.1:\(server.port)/", timeout: .milliseconds(300))
            server.stop()
            #expect(found.state == .providerDown && found.code == .networkTimeout)
        }
    }

    @Test func `a reply that breaks off, is reset, or is no HTTP is none`() async throws {
        for words in [
            "", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 99\r\n\r\n{\"error\"", "SSH-2.0-x\r\n",
        ] {
            let found = try await report { socket in
                socket.write(words)
                socket.finishWriting()
                _ = socket.readToEnd()
            }
            #expect(found.state == .providerDown)
        }
        #expect(try await report { $0.reset() }.state == .providerDown)
    }

    @Test func `a reply without end, or larger than may be, is none`() async throws {
        let found = try await report { socket in
            socket.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: \(8 << 20)\r\n\r\n{")
            while socket.write(String(repeating: "x", count: 65_536)) {}
        }
        #expect(found.state == .providerDown && found.message.contains("larger than"))
    }

    @Test(arguments: [500, 502, 503, 529]) func `a server's own trouble is not the key's`(status: Int)
        async throws
    {
        #expect(try await report { $0.write(reply(status, "{}")) }.state == .providerDown)
    }

    @Test func `a wait is understood as seconds and as a date`() async throws {
        let seconds = try await report { $0.write(reply(429, "{}", ["Retry-After: 17"])) }
        #expect(seconds.state == .rateLimited && seconds.retryAfter == .seconds(17))
        let past = try await report {
            $0.write(reply(429, "{}", ["Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"]))
        }
        #expect(past.state == .rateLimited && past.retryAfter == .zero)
        let nonsense = try await report { $0.write(reply(429, "{}", ["Retry-After: soon"])) }
        #expect(nonsense.state == .rateLimited && nonsense.retryAfter == nil)
    }
}
