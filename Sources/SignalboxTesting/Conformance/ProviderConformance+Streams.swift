import SignalboxCore

extension ProviderConformance {
    func checkStreamedAnswers(_ findings: inout Findings) {
        for model in answering {
            checkStream(.text(model, isStreaming: true), as: "\(model)", &findings)
        }
    }

    func checkStreamedTools(_ findings: inout Findings) {
        guard capabilities.tools else { return }
        checkStream(.tools(isStreaming: true), as: "tool calls", &findings)
        checkStream(.results(isStreaming: true), as: "tool results", &findings)
    }

    private func checkStream(_ asked: ConformanceCall, as name: String, _ findings: inout Findings) {
        guard let (exchange, reading) = stream(asked, as: name, &findings) else { return }
        findings.expect(reading.malformed, is: 0, "\(name): the count of malformed events")
        if let failure = reading.failure {
            return findings.add("\(name): \(failure.kind.label), \(failure.message)")
        }
        findings.expect(reading.isWhole, "\(name): the stream counts as broken")
        findings.expect(reading.deltas.contains(true), "\(name): no event was said to carry content")
        let seen = SeenAnswer(chunks: reading.payloads)
        compare(seen, reading.summary, with: exchange.expected, as: name, &findings)
    }

    /// Nil where no stream came, which is a finding.
    private func stream(
        _ asked: ConformanceCall, as name: String, _ findings: inout Findings
    ) -> (exchange: Exchange, reading: StreamReading)? {
        do throws(UpstreamFailure) {
            let exchange = try exchange(asked)
            guard isStream(exchange.reply) else {
                findings.add("\(name): no stream came, but status \(exchange.reply.status)")
                return nil
            }
            return (exchange, read(exchange.reply.chunks, of: exchange.call))
        } catch {
            findings.add("\(name): \(error.kind.label), \(error.message)")
            return nil
        }
    }

    /// Who asked for the usage gets it, last of all; who did not, does not.
    func checkStreamUsage(_ findings: inout Findings) {
        for wantsUsage in [true, false, nil] {
            var asked = ConformanceCall.text(.ok, isStreaming: true)
            asked.wantsUsage = wantsUsage
            let name = "include_usage \(wantsUsage.map { "\($0)" } ?? "left out")"
            guard let (exchange, reading) = stream(asked, as: name, &findings) else { continue }
            let seen = SeenAnswer(chunks: reading.payloads)
            for flaw in seen.flaws { findings.add("\(name): \(flaw)") }
            if wantsUsage == true {
                findings.expect(seen.usage != nil, "\(name): the caller does not see it")
            } else {
                findings.expect(seen.usage == nil, "\(name): the caller sees it")
            }
            guard capabilities.streamUsageUnasked || wantsUsage == true else { continue }
            findings.expect(reading.summary.usage, is: exchange.expected.usage, "\(name): the booked usage")
        }
    }

    // MARK: Pieces

    /// However the network cuts a stream, the caller sees the same.
    func checkSplitStreams(_ findings: inout Findings) {
        var calls = [FakeModel.ok, .reasoning].filter(has).map(ConformanceCall.short)
        if capabilities.tools {
            var call = ConformanceCall.tools(isStreaming: true)
            call.messages = ConformanceCall.short(.ok).messages
            calls.append(call)
        }
        for asked in calls {
            guard let (exchange, whole) = stream(asked, as: "\(asked.model)", &findings) else { continue }
            let body = exchange.reply.body
            for place in body.indices.dropFirst() {
                let pieces = [Array(body[..<place]), Array(body[place...])]
                guard read(pieces, of: exchange.call) != whole else { continue }
                findings.add("\(asked.model): split at byte \(place) of \(body.count), it reads otherwise")
                break
            }
            let bytes = read(body.map { [$0] }, of: exchange.call)
            findings.expect(bytes == whole, "\(asked.model): byte by byte, it reads otherwise")
        }
    }

    func checkEndings(_ findings: inout Findings) {
        checkEnding(.streamNoTerminator, isWhole: true, &findings)
        for model in [FakeModel.streamShort, .streamCut, .streamStall] where has(model) {
            checkEnding(model, isWhole: false, &findings)
        }
    }

    private func checkEnding(_ model: FakeModel, isWhole: Bool, _ findings: inout Findings) {
        guard has(model),
            let (exchange, reading) = stream(.text(model, isStreaming: true), as: "\(model)", &findings)
        else { return }
        findings.expect(reading.failure == nil, "\(model): it was taken for an error in the stream")
        findings.expect(
            reading.isWhole == isWhole, "\(model): it counts as \(isWhole ? "broken" : "whole")")
        let text = SeenAnswer(chunks: reading.payloads).text
        if isWhole {
            findings.expect(text, is: exchange.expected.text, "\(model): the text")
        } else {
            findings.expect(
                exchange.expected.text.hasPrefix(text), "\(model): the text is \(text), which was not said")
        }
    }

    /// An error behind a status of 200 is found where it stands.
    func checkErrorsInStreams(_ findings: inout Findings) {
        if has(.streamError) {
            let asked = ConformanceCall.text(.streamError, isStreaming: true)
            if let (_, reading) = stream(asked, as: "an error", &findings) {
                findings.expect(
                    reading.failure?.kind, is: FakeFailure.serverError.kind, "the error in the stream")
                findings.expect(!reading.isDone, "an error: the stream counts as done")
            }
        }
        guard let (exchange, _) = stream(.short(.ok), as: "noise", &findings) else { return }
        let noise = #"{"half":"#
        let frame = adapter.framing == .jsonLines ? noise + "\n" : "data: \(noise)\n\n"
        let reading = read([Array(frame.utf8)] + exchange.reply.chunks, of: exchange.call)
        findings.expect(reading.malformed, is: 1, "noise: the count of malformed events")
        findings.expect(
            SeenAnswer(chunks: reading.payloads).text, is: exchange.expected.text,
            "noise: the text behind it")
    }
}
