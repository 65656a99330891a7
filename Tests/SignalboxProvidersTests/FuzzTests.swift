import SignalboxProviders
import SignalboxTesting
import Testing

/// Keeps `make fuzz` alive: the same inputs each time.
@Suite struct FuzzTests {
    @Test(arguments: FuzzTarget.allCases)
    func `every promise is kept for a few dozen inputs`(target: FuzzTarget) {
        for seed in UInt64(1)...50 {
            if let violation = target.violation(seed: seed) {
                Issue.record("\(target.rawValue), seed \(seed): \(violation)")
                return
            }
        }
    }

    @Test func `a kind is left out only while its adapter is not built`() {
        for kind in FuzzTarget.kindsLeftOut {
            #expect(throws: ProviderSettingsError.notBuilt(kind: kind)) {
                try kind.adapter(settings: ProviderSettings(baseURL: "http://fake.test"))
            }
        }
    }
}
