import Foundation
import SignalboxProviders
import Testing

@testable import SignalboxConfig

@Suite struct DocumentTests {
    private let document: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        document = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
    }

    @Test func `every example loads`() {
        let examples = document.components(separatedBy: "```yaml\n").dropFirst().map {
            $0.components(separatedBy: "```\n")[0]
        }
        #expect(examples.count >= 3)
        for example in examples {
            var desk = Desk(
                example,
                files: [
                    "prices.yaml": Desk.prices, "certs/root.pem": "-----BEGIN CERTIFICATE-----",
                    "certs/admin.pem": "-----BEGIN CERTIFICATE-----",
                    "certs/admin.key": "-----BEGIN PRIVATE KEY-----",
                ])
            for match in example.matches(of: /env:([A-Z0-9_]+)/) {
                desk.environment[String(match.1)] =
                    match.1.hasSuffix("WHSEC") ? Desk.webhookSecret : "v\(match.1)"
            }
            for match in example.matches(of: /file:([a-z\/]+)/) {
                desk.files[String(match.1)] = "v\(match.1)"
            }
            #expect(desk.mistakes() == [], "\(example)")
        }
    }

    @Test(arguments: Schema.allCases)
    func `every key has its row under its heading`(schema: Schema) throws {
        let heading = schema == .root ? "Top level" : schema.rawValue
        let sections = document.components(separatedBy: "\n## ").flatMap {
            $0.components(separatedBy: "\n### ")
        }
        let section = try #require(sections.first { $0.hasPrefix(heading + "\n") })
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let documented = rows.map { String($0.dropFirst(3).prefix { $0 != "`" }) }
        #expect(documented == schema.keys)
    }

    @Test func `what is not built yet is said`() throws {
        let section = try #require(document.components(separatedBy: "## Not built yet\n").last)
        for row in NotBuilt.keys {
            let path = row.place == .root ? row.key : "\(row.place.rawValue).\(row.key)"
            #expect(section.contains("`\(path)`"))
        }
    }

    @Test func `the keys that make providers are said`() {
        for provider in EnvironmentProvider.all {
            let address = provider.kind.defaultBaseURL ?? ""
            for word in [provider.keyPrefix, provider.baseURLVariable, address] + provider.models {
                #expect(document.contains("`\(word)`"))
            }
        }
    }
}
