import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxRouting
import SignalboxTelemetry
import Testing

/// The example of docs/embedding.md, before a vendor that lists its models at first and then refuses the key.
@Suite(.timeLimit(.minutes(2))) struct KeyChecksExampleTests {
    @Test func `the documented checks find a key good, and then bad`() async throws {
        let vendor = try KeyVendor()
        let group = try EventLoopGroup(count: 1)
        let writer = LogWriter(descriptor: -1)
        let (registry, logger) = (MetricRegistry(), Logger(writer: writer))
        let router = try Router(
            configuration: vendor.configuration(keys: "sk-first"), group: group, registry: registry,
            logger: logger)

        let checks = try KeyChecks(of: router, file: nil, registry: registry, logger: logger)
        try await checks.start()
        #expect(checks.statuses.map(\.alias) == ["openai-0"])
        guard case .checked(let key) = await checks.check("openai-0") else {
            Issue.record("the key is there")
            return
        }
        #expect(key.state == .valid && key.latest?.code == .success && key.verified != nil)
        #expect(router.status(checked: checks.states).providers[0].checked == ["openai-0": .valid])

        var next = router.configuration
        next.keyChecks?.interval = .seconds(3_600)
        try await router.update(next)
        await checks.update()
        #expect(checks.states == ["openai": ["openai-0": .valid]])

        vendor.refuse()
        for _ in 0..<2 { _ = await checks.check("openai-0") }
        #expect(checks.states == ["openai": ["openai-0": .invalid]])
        #expect(router.status().providers[0].standing.keys[0].state.text == "key_rejected")
        await checks.close()
        await router.shutdown()
        group.shutdown()
        writer.shutdown()
        vendor.stop()
    }
}
