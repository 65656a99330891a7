import Testing

@Suite struct FloorsTests {
    @Test func `every import goes down, never to a sibling and never up`() {
        expectNone(Repository.current.swiftFiles.flatMap(Floors.findings(in:)))
    }

    @Test func `SwiftPM and the table of floors know the same targets`() throws {
        let package = try #require(Repository.current.files.first { $0.path == "Package.swift" })
        let known = Set(try #require(package.swift).literals.map(\.text))
        let folders = Set(
            Repository.current.swiftFiles.filter { $0.path.hasPrefix("Sources/") }.compactMap(\.target))
        for folder in folders {
            #expect(known.contains(folder), "Sources/\(folder) is in no target of Package.swift")
        }
    }

    @Test(arguments: [
        ("Sources/SignalboxCore/A.swift", "import SignalboxTelemetry"),
        ("Sources/SignalboxRouting/A.swift", "public import SignalboxProviders"),
        ("Sources/SignalboxProviders/A.swift", "import CCurl"),
        ("Sources/SignalboxCore/A.swift", "import struct Foundation.Date"),
        ("Sources/SignalboxHTTP/A.swift", "@preconcurrency internal import Yams"),
        ("Sources/Signalbox/A.swift", "import SignalboxServer"),
        ("Sources/Signalbox/A.swift", "import SignalboxTesting"),
        ("Sources/SignalboxUnheardOf/A.swift", ""),
        ("Tests/SignalboxCoreTests/A.swift", "@testable import SignalboxHTTP"),
        ("Tests/TidyTests/A.swift", "import SignalboxCore"),
        ("Tests/Fuzz/A.swift", "import CCurl"),
    ])
    func `an import that the house has no door for is found`(path: String, line: String) {
        let findings = Floors.findings(in: RepositoryFile(path: path, line + "\n"))
        #expect(findings.count == 1)
        #expect(findings.first?.line == 1)
    }

    @Test(arguments: [
        ("Sources/SignalboxHTTP/A.swift", "import CMicrohttpd\npublic import SignalboxCore\nimport Glibc"),
        ("Sources/SignalboxServer/A.swift", "import Signalbox\nimport SignalboxConfig"),
        ("Tests/Fuzz/A.swift", "import SignalboxFuzzing\nimport CFuzzer\nimport Foundation"),
        ("Sources/SignalboxConfig/A.swift", "import Yams // not import CCurl"),
        ("Sources/SignalboxCLI/A.swift", "import ArgumentParser; import SignalboxServer"),
        (
            "Tests/SignalboxHTTPTests/A.swift",
            "@testable import SignalboxHTTP\nimport SignalboxTesting\nimport CZlib"
        ),
    ])
    func `an import that goes down passes`(path: String, lines: String) {
        #expect(Floors.findings(in: RepositoryFile(path: path, lines)).isEmpty)
    }
}
