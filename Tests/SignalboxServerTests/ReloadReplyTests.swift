import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import Testing

@testable import SignalboxServer

@Suite struct ReloadReplyTests {
    private func text(_ reply: Reply) -> String { String(decoding: reply.body, as: UTF8.self) }

    @Test func `a change is told by names, with every list there`() throws {
        var old = Configuration()
        old.providers = [
            .init(name: "a", kind: .mock, models: [.init(name: "m")]),
            .init(name: "b", kind: .mock, models: [.init(name: "m")]),
        ]
        var new = old
        new.providers[0].timeouts.idle = .seconds(3)
        new.providers[1].name = "c"
        new.server.threads = .count(3)
        let reply = ReloadOutcome.done(ConfigurationChange(from: old, to: new)).reply
        #expect(reply.status == 200)
        let tree = try JSONTree(parsing: reply.body)
        let providers = tree["changed"]?["providers"]
        #expect(providers?["added"]?.elements == ["c"] && providers?["removed"]?.elements == ["b"])
        #expect(providers?["changed"]?.elements?[0]["name"] == "a")
        #expect(providers?["changed"]?.elements?[0]["settings"]?.elements == ["timeouts.idle"])
        #expect(tree["changed"]?["models"]?["added"]?.elements == ["c/m"])
        for list in ["keys", "routes", "tenants"] {
            #expect(tree["changed"]?[list]?["added"]?.elements == [], "\(list)")
        }
        #expect(tree["needs_restart"]?.elements == ["server.threads"])
    }

    @Test func `a refusal lists every mistake, and leaves out what it does not know`() throws {
        let mistakes = ConfigurationMistakes(
            [
                ConfigurationMistake(
                    file: "f.yaml", line: 3, column: 5, path: "a.b", problem: #"is "wrong""#,
                    remedy: "mend it"),
                ConfigurationMistake(file: "g", problem: "is gone"),
            ], omitted: 7)
        let reply = ReloadOutcome.refused(mistakes).reply
        #expect(reply.status == 422)
        let tree = try JSONTree(parsing: reply.body)
        #expect(tree["error"]?["code"] == "configuration_refused")
        #expect(
            tree["error"]?["message"] == "The configuration has 9 mistakes; the one before stays in force.")
        let first = tree["mistakes"]?.elements?[0]
        #expect(first?["problem"] == #"is "wrong""# && first?["remedy"] == "mend it")
        #expect(text(reply).contains(#""line":3,"column":5"#))
        let second = tree["mistakes"]?.elements?[1]
        #expect(second?["line"] == nil && second?["remedy"] == nil && second?["file"] == "g")
        #expect(text(reply).hasSuffix(#""omitted":7}"#))
    }

    @Test func `each other outcome has its status`() {
        #expect(ReloadOutcome.nothingToReload.reply.status == 409)
        #expect(ReloadOutcome.busy.reply.status == 503)
        #expect(ReloadOutcome.notServing.reply.status == 503)
    }
}
