import SignalboxCore

extension ProviderConformance {
    /// Every way in which the vendor refuses a call, streamed or not, is told apart.
    func checkFailures(_ findings: inout Findings) {
        for key in fake.keys {
            guard let failure = key.refusal else { continue }
            checkFailure(failure, model: .ok, key: key, &findings)
        }
        if !fake.keys.isEmpty { checkFailure(.keyMissing, model: .ok, key: nil, &findings) }
        for model in fake.models {
            guard let failure = model.refusal else { continue }
            checkFailure(failure, model: model, key: .good, &findings)
        }
    }

    private func checkFailure(
        _ failure: FakeFailure, model: FakeModel, key: FakeKey?, _ findings: inout Findings
    ) {
        for isStreaming in [false, true] {
            let name = "\(failure)\(isStreaming ? ", streaming" : "")"
            do throws(UpstreamFailure) {
                let exchange = try exchange(.text(model, isStreaming: isStreaming), key: key)
                guard let found = self.failure(of: exchange, isStreaming: isStreaming) else {
                    findings.add("\(name): it counts as an answer")
                    continue
                }
                check(found, of: failure, status: exchange.reply.status, key: key, as: name, &findings)
            } catch {
                findings.add("\(name): refused before it was sent: \(error.message)")
            }
        }
    }

    /// One vendor tells what it refuses inside a stream, with status 200.
    private func failure(of exchange: Exchange, isStreaming: Bool) -> UpstreamFailure? {
        if isStreaming, isStream(exchange.reply) {
            return read(exchange.reply.chunks, of: exchange.call).failure
        }
        switch judge(exchange) {
        case .success: return nil
        case .failure(let failure): return failure
        }
    }

    private func check(
        _ found: UpstreamFailure, of failure: FakeFailure, status: Int, key: FakeKey?, as name: String,
        _ findings: inout Findings
    ) {
        findings.expect(found.kind, is: failure.kind, "\(name): the kind of `\(found.message)`")
        findings.expect(found.status, is: status, "\(name): the status")
        findings.expect(!found.message.isEmpty, "\(name): nothing is said")
        if failure == .rateLimited {
            findings.expect(found.retryAfter, is: FakeFailure.retryAfter, "\(name): the wait")
        }
        if let key, key != .good {
            let shown = found.message + String(decoding: found.errorObject ?? [], as: UTF8.self)
            findings.expect(
                !shown.contains(fake.secret(for: key).reveal()), "\(name): the message shows the key")
        }
    }

    /// Who does not speak for the vendor, a proxy perhaps, says nothing against key, credit or model.
    func checkUnreadableReplies(_ findings: inout Findings) {
        let call: ChatCall
        do throws(UpstreamFailure) { call = try ConformanceCall.text().made() } catch {
            return findings.add(error.message)
        }
        for (status, kind) in [
            (200, FailureKind.malformedReply), (400, .malformedReply), (401, .malformedReply),
            (402, .malformedReply), (403, .malformedReply), (404, .malformedReply), (429, .rateLimited),
            (502, .overloaded), (503, .overloaded),
        ] {
            for body in ["<html><body>Access denied</body></html>", "", "null", "[]", "{}", "{\"a\":"] {
                let reply = WholeReply(
                    status: status, headers: HeaderBlock(["content-type": "text/html"]),
                    body: Array(body.utf8), receivedAt: Self.now, requestID: "conformance")
                switch adapter.judge(reply, to: call) {
                case .success: findings.add("\(status) with `\(body)` counts as an answer")
                case .failure(let found):
                    findings.expect(found.kind, is: kind, "\(status) with `\(body)`")
                }
            }
        }
    }

    func checkLimits(_ findings: inout Findings) {
        do throws(UpstreamFailure) {
            let exchange = try exchange(.text())
            findings.expect(
                adapter.limits(in: exchange.reply.headers, at: Self.now), is: fake.limits(at: Self.now),
                "what the headers say")
        } catch {
            findings.add("\(error.kind.label), \(error.message)")
        }
        findings.expect(
            adapter.limits(in: HeaderBlock(), at: Self.now).isEmpty, "limits are seen where nothing is said")
    }
}
