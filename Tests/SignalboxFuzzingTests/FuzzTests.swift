import SignalboxFuzzing
import SignalboxProviders
import Testing

/// Keeps `make fuzz` alive: the same inputs each time.
@Suite struct FuzzTests {
    @Test(arguments: FuzzTarget.all)
    func `every promise is kept for a few dozen inputs`(target: FuzzTarget) {
        for seed in UInt64(1)...50 {
            if let violation = target.violation(seed: seed) {
                Issue.record("\(target.name), seed \(seed): \(violation)")
                return
            }
        }
    }

    @Test func `a target has a name of its own, and samples that are kept to`() {
        #expect(Set(FuzzTarget.all.map(\.name)).count == FuzzTarget.all.count)
        for target in FuzzTarget.all {
            #expect(target.violation(of: target.sample(seed: 1)) == nil, "\(target)")
            #expect(!target.dictionary.isEmpty)
        }
    }

    @Test func `each kind of provider has its replies and its streams`() {
        let names = Set(FuzzTarget.all.map(\.name))
        for kind in ProviderKind.allCases where !FuzzTarget.kindsLeftOut.contains(kind.rawValue) {
            #expect(names.isSuperset(of: ["replies:\(kind.rawValue)", "streams:\(kind.rawValue)"]))
        }
    }

    @Test func `each kind of provider that can be asked about a key has its probe`() {
        let names = Set(FuzzTarget.all.map(\.name))
        for kind in ProviderKind.allCases where kind.isNetworked {
            #expect(names.contains("keys:\(kind.rawValue)"))
        }
    }

    @Test func `a probe's samples are what the vendor answers, good and bad`() {
        for target in FuzzTarget.all where target.name.hasPrefix("keys:") {
            let heads = (UInt64(1)...60).map {
                String(decoding: target.sample(seed: $0).prefix(4), as: UTF8.self)
            }
            #expect(heads.contains("200 "), "\(target)")
            // ollama and whoever else needs no key refuses none.
            #expect(target.name == "keys:ollama" || heads.contains { $0.hasPrefix("4") }, "\(target)")
        }
    }

    @Test func `the tree stays the same when it is written and parsed again`() throws {
        let target = try #require(FuzzTarget.named("tree"))
        for seed in UInt64(1)...200 { #expect(target.violation(seed: seed) == nil) }
    }

    @Test func `a kind is left out only while its adapter is not built`() throws {
        for name in FuzzTarget.kindsLeftOut {
            let kind = try #require(ProviderKind(rawValue: name))
            #expect(throws: ProviderSettingsError.notBuilt(kind: kind)) {
                try kind.adapter(settings: ProviderSettings(baseURL: "http://fake.test"))
            }
        }
    }
}
