import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import SignalboxUsage
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct UsageCaptureTests {
    private let full = UsageJournalFailure(.full, "no space is left on the disk")

    private func lost(_ reason: UsageJournalFailure.Reason, in test: TestRouter) -> UInt64 {
        test.registry.counter(Catalogue.usageLostRecords).series(reason.rawValue).value
    }

    private func records(_ outcome: UsageRecord.Outcome, in test: TestRouter) -> UInt64 {
        test.registry.counter(Catalogue.usageRecords).series("anonymous", outcome.rawValue).value
    }

    @Test(arguments: [false, true])
    func `every attempt leaves one record, a failed one too`(stream: Bool) async throws {
        let journal = FakeJournal()
        let test = try TestRouter(models: ["mock-unhealthy", "mock-normal"], journal: journal)
        let outcome = try await test.outcome(of: chat(stream: stream))
        #expect(outcome.failure == nil && outcome.provider == "p1")
        let records = journal.records
        #expect(records.map(\.outcome) == records.dropLast().map { _ in .failure } + [.success])
        #expect(records.map(\.attempt) == Array(1...outcome.attempts))
        #expect(Set(records.map(\.id)).count == records.count)
        let last = try #require(records.last)
        #expect(last.provider == "p1" && last.model == "mock-normal" && last.requestedModel == "chat")
        #expect(last.source == .provider && (last.usage?.completionTokens ?? 0) > 0)
        #expect(last.isStreaming == stream && (last.timeToFirstToken != nil) == stream)
        #expect(last.requestID == "r-9" && last.tenant == "anonymous")
        let first = try #require(records.first)
        #expect(first.errorType == "overloaded" && first.source == .none && first.cost == nil)
        #expect(self.records(.success, in: test) == 1)
        #expect(self.records(.failure, in: test) == UInt64(records.count - 1))
    }

    @Test(arguments: [false, true])
    func `an answer is not whole before its record is safe`(stream: Bool) async throws {
        let (journal, gate) = (FakeJournal(), Signal<Bool>())
        journal.hold(at: gate)
        let test = try TestRouter(models: ["mock-normal"], journal: journal)
        let seen = Mutex("")
        async let outcome = test.outcome(of: chat(stream: stream)) { part in seen.withLock { $0 += part } }
        #expect(await journal.waits.take() == 1)
        #expect(journal.records.count == 1)
        let before = seen.withLock { $0 }
        #expect(stream ? !before.contains("[DONE]") : before.isEmpty)
        gate.put(true)
        #expect(try await outcome.failure == nil)
        let whole = seen.withLock { $0 }
        #expect(stream ? whole.hasSuffix("data: [DONE]\n\n") : whole.contains("choices"))
    }

    @Test func `async answers wait for nothing`() async throws {
        let journal = FakeJournal()
        journal.fail(full)
        let test = try TestRouter(models: ["mock-normal"], journal: journal) { $0.usage.durability = .async }
        #expect(try await test.outcome(of: chat()).failure == nil)
        #expect(journal.records.count == 1)
    }

    @Test func `while nothing can be recorded, no provider is asked`() async throws {
        let journal = FakeJournal()
        journal.refuse(full)
        let test = try TestRouter(models: ["mock-normal"], journal: journal)
        let failure = try #require(try await test.outcome(of: chat()).failure)
        #expect(failure.status == 503 && failure.code == "usage_not_recorded" && failure.outcome == .rejected)
        #expect(failure.message.contains("no space is left") && failure.retryAfter != nil)
        #expect(test.requests("p0", "mock-normal", "success") == 0)
        journal.refuse(nil)
        #expect(try await test.outcome(of: chat()).failure == nil)
    }

    @Test func `or requests are answered, and each record that is lost is counted`() async throws {
        let journal = FakeJournal()
        journal.refuse(full)
        let test = try TestRouter(models: ["mock-unhealthy", "mock-normal"], journal: journal) {
            $0.usage.onFull = .continue
        }
        let outcome = try await test.outcome(of: chat())
        #expect(outcome.failure == nil)
        #expect(lost(.full, in: test) == UInt64(outcome.attempts))
    }

    @Test func `an answer whose record could not be written is kept back`() async throws {
        let journal = FakeJournal()
        journal.fail(full)
        let test = try TestRouter(models: ["mock-normal"], journal: journal)
        let failure = try #require(try await test.outcome(of: chat()).failure)
        #expect(failure.status == 503 && failure.code == "usage_not_recorded")
        #expect(failure.attempts.map(\.provider) == ["p0"])
        let broken = try await test.outcome(of: chat(stream: true))
        #expect(broken.breakOff?.code == "usage_not_recorded" && !broken.body.contains("[DONE]"))
    }

    @Test func `a failed attempt's record that is lost takes no answer away that is billed`() async throws {
        let journal = FakeJournal()
        journal.refuseNext(full)
        let test = try TestRouter(models: ["mock-unhealthy", "mock-normal"], journal: journal)
        #expect(try await test.outcome(of: chat()).failure == nil)
        #expect(journal.records.last?.outcome == .success && lost(.full, in: test) == 1)
    }

    @Test func `an answer whose tokens nobody counted has a guess that says so`() async throws {
        let journal = FakeJournal()
        let mute = MuteProvider()
        let test = try TestRouter(models: ["mute"], custom: ["p0": mute], journal: journal)
        for stream in [false, true] { _ = try await test.outcome(of: chat(stream: stream)) }
        #expect(journal.records.map(\.source) == [.estimated, .estimated])
        for record in journal.records {
            #expect(record.outcome == .success)
            #expect((record.usage?.promptTokens ?? 0) > 0 && (record.usage?.completionTokens ?? 0) > 0)
        }
    }

    @Test(arguments: [false, true])
    func `a caller that leaves is billed for what the provider counts`(stream: Bool) async throws {
        let journal = FakeJournal()
        let provider = StagedProvider()
        let test = try TestRouter(models: ["staged"], custom: ["p0": provider], journal: journal) {
            $0.usage.drain.time = .seconds(60)
        }
        let asked = try Asked(test, stream: stream, cancelledBy: .owner, isDrained: true)
        _ = await provider.asked.take()
        await asked.leave()
        provider.go.put(.answer)
        _ = await provider.ended.take()
        _ = await asked.failure.take()
        let record = try #require(journal.records.first)
        #expect(journal.records.count == 1)
        #expect(record.outcome == .cancelled && record.usage != nil)
        let drains = test.registry.counter(Catalogue.usageDrains)
        #expect(drains.series(DrainResult.usage.rawValue).value == 1)
    }

    @Test func `a caller that leaves is billed by a guess where the provider takes too long`() async throws {
        let journal = FakeJournal()
        let provider = StagedProvider()
        let test = try TestRouter(models: ["staged"], custom: ["p0": provider], journal: journal) {
            $0.usage.drain.time = .milliseconds(5)
        }
        let asked = try Asked(test, stream: false, cancelledBy: .owner)
        _ = await provider.asked.take()
        await asked.leave()
        #expect(await provider.leaves.take() == true)
        _ = await asked.failure.take()
        let record = try #require(journal.records.first)
        #expect(record.outcome == .cancelled && record.source == .estimated)
        #expect((record.usage?.promptTokens ?? 0) > 0 && record.usage?.completionTokens == 0)
        #expect(test.registry.counter(Catalogue.usageDrains).series(DrainResult.estimate.rawValue).value == 1)
    }
}
