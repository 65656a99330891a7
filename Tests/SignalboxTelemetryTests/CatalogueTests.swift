import Testing

@testable import SignalboxTelemetry

@Suite struct CatalogueTests {
    @Test func `every metric has a name of its own that any format can carry, and a help text`() {
        let names = Catalogue.all.map(\.name)
        #expect(Set(names).count == names.count)
        for metric in Catalogue.all {
            #expect(metric.isExportable, "\(metric.name)")
            #expect(metric.help.hasSuffix("."), "\(metric.name)")
        }
    }

    @Test func `names say what Prometheus expects them to say`() {
        for metric in Catalogue.all {
            #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
            let stem = metric.name.hasSuffix("_total") ? String(metric.name.dropLast(6)) : metric.name
            if metric.unit != .none { #expect(stem.hasSuffix("_" + metric.unit.rawValue), "\(metric.name)") }
            if metric.kind == .info { #expect(metric.name.hasSuffix("_info")) }
        }
    }

    @Test func `model times reach from 10 ms to 300 s`() {
        #expect(Catalogue.modelSeconds.first == 0.01)
        #expect(Catalogue.modelSeconds.last == 300)
        #expect(Catalogue.ownSeconds.first == 0.00001)
    }
}
