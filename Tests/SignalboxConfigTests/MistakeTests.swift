import Foundation
import SignalboxConfig
import Testing

/// One file that is wrong, and everything that must be said about it.
struct WrongFile: Sendable, CustomTestStringConvertible {
    let yaml: String
    let mistakes: [String]

    var testDescription: String { mistakes.first ?? "no mistake" }

    /// The files in `Mistakes`: after each `===` a YAML file, then its mistakes in lines that begin with `>
    /// `.
    static func all() throws -> [WrongFile] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Mistakes")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.sorted { $0.path < $1.path }.flatMap { file in
            try String(contentsOf: file, encoding: .utf8).components(separatedBy: "===\n").dropFirst().map(
                parse)
        }
    }

    private static func parse(_ text: String) -> WrongFile {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let yaml = lines.prefix { !$0.hasPrefix("> ") }
        let mistakes = lines.filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }
        return WrongFile(yaml: yaml.joined(separator: "\n"), mistakes: mistakes)
    }
}

@Suite struct MistakeTests {
    static let environment = [
        "T": "token-one", "U": "token-two", "EMPTY": "", "BROKEN": "a\nb", "GROQ_API_KEY0": "key-zero",
        "GROQ_API_KEY2": "key-two", "WHSEC": Desk.webhookSecret, "BEARER": "Bearer abc", "ENDS": " x",
        "SHORT": "whsec_MTIz", "LONG": "whsec_" + String(repeating: "QUJD", count: 22),
        "BARE": "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u", "URLSAFE": "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1-",
    ]

    @Test(arguments: try WrongFile.all())
    func `a wrong file is refused with place, path and remedy`(file: WrongFile) {
        let desk = Desk(
            file.yaml, environment: Self.environment,
            files: [
                "blank": "\n", "empty.pem": "", "cert.pem": "-----BEGIN CERTIFICATE-----\n",
                "rates.yaml": Desk.prices,
            ])
        #expect(desk.mistakes() == file.mistakes)
    }

    @Test func `all mistakes are told at once, in the order of the file`() {
        let desk = Desk(
            """
            server: {threads: 0, listn: x}
            logging: {level: loud}
            providers:
              - {name: a, kind: opnai, models: []}
              - {name: b, kind: mock, models: [m], keys: env:UNSET}
            routes:
              - {model: c, targets: [d, b/x]}
            data_dir: x
            data_dir: y
            """)
        let places = desk.mistakes().map { $0.split(separator: ": ").prefix(2).joined(separator: " ") }
        #expect(
            places == [
                "signalbox.yaml:1:19 server.threads", "signalbox.yaml:1:22 server.listn",
                "signalbox.yaml:2:18 logging.level", "signalbox.yaml:4:21 providers[0].kind",
                "signalbox.yaml:4:36 providers[0].models", "signalbox.yaml:5:46 providers[1].keys",
                "signalbox.yaml:7:26 routes[0].targets[0]", "signalbox.yaml:7:29 routes[0].targets[1]",
                "signalbox.yaml:9:1 data_dir",
            ])
    }

    @Test(arguments: [
        "keys: sk-do-not-print", "keys: [sk-do-not-print]", "keys: \"env:sk-do-not-print\"",
        "base_url: https://sk-do-not-print@h/", "base_url: \"http://h/?k=sk-do-not-print\"",
        "headers: {authorization: sk-do-not-print}", "keys: {sk-do-not-print}", "keys: [[sk-do-not-print]]",
        "keys: env:LEAKY", "keys: file:leaky",
    ])
    func `no message repeats a secret`(line: String) {
        let desk = Desk(
            "providers:\n- name: a\n  kind: openai-compatible\n  models: [m]\n  \(line)",
            environment: ["LEAKY": "sk-do-not-print \n"], files: ["leaky": "sk-do-not-print \n"])
        let mistakes = desk.mistakes()
        #expect(!mistakes.isEmpty)
        #expect(!mistakes.joined().contains("sk-do-not-print"))
    }

    @Test func `two tenants with one key are told apart by place, not by value`() {
        let desk = Desk(
            """
            \(Desk.provider)
            tenants: [{id: t, keys: env:A}, {id: u, keys: env:B}]
            """, environment: ["A": "the-same", "B": "the-same"])
        #expect(desk.mistakes().count == 1)
        #expect(!desk.mistakes().joined().contains("the-same"))
    }

    @Test func `beyond a thousand, mistakes are only counted`() throws {
        let lines = (0..<1_500).map { "key\($0): 1" }.joined(separator: "\n")
        let error = try #require(throws: ConfigurationMistakes.self) { try Desk(lines).load() }
        #expect(error.mistakes.count == 1_000)
        #expect(error.omitted == 501)
        #expect(error.description.hasSuffix("and 501 more mistakes"))
    }

    @Test func `a named file must exist`() throws {
        let error = try #require(throws: ConfigurationMistakes.self) { try Desk().load(path: "gone.yaml") }
        #expect(error.description == "gone.yaml: does not exist")
    }
}
