import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct ConformanceTests {
    static let kinds = FakeVendors.all.map(\.kind)

    @Test(arguments: kinds, ProviderConformance.Check.allCases)
    func `every kind's adapter agrees with its fake vendor`(
        kind: ProviderKind, check: ProviderConformance.Check
    ) throws {
        let fake = try #require(FakeVendors.fake(of: kind))
        let suite = try ProviderConformance(fake: fake, capabilities: FakeVendors.capabilities(of: kind)) {
            var settings = ProviderSettings(baseURL: $0, mock: MockFake.settings)
            settings.tokenURL = $0.replacing(fake.basePath, with: GigaChatFake.tokenPath)
            settings.folder = YandexGPTFake.folder
            return try kind.adapter(settings: settings)
        }
        let violations = suite.violations(of: check)
        #expect(violations.isEmpty, "\(violations.map(\.description).joined(separator: "\n"))")
    }
}
