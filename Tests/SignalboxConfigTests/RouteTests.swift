import SignalboxConfig
import Testing

@Suite struct RouteTests {
    private static let providers = """
        providers:
          - {name: a, kind: mock, models: [m, b/m]}
          - {name: b, kind: mock, models: [m]}

        """

    @Test func `a target is a provider, or one of its models after the first slash`() throws {
        let loaded = try Desk(
            Self.providers + """
                server: {request_timeout: 7s}
                routes:
                  - {model: chat, strategy: ordered, targets: [a, a/b/m, {provider: b}, {provider: a, model: m}]}
                  - {model: slow, targets: [b], attempts_max: 2, request_timeout: 9s}
                """
        ).load()
        let targets = try #require(loaded.route(for: "chat")).targets
        #expect(targets.map(\.provider) == ["a", "a", "b", "a"])
        #expect(targets.map(\.models) == [["m", "b/m"], ["b/m"], ["m"], ["m"]])
        #expect(loaded.routes.map(\.requestTimeout) == [.seconds(7), .seconds(9)])
        #expect(loaded.routes.map(\.attemptsMax) == [8, 2])
        #expect(loaded.routes.allSatisfy { !$0.isImplicit })
    }

    @Test func `without routes every model is reachable by provider and by its own name`() throws {
        let loaded = try Desk(Self.providers).load()
        #expect(loaded.routes.map(\.model) == ["a/m", "a/b/m", "b/m", "m"])
        #expect(loaded.routes.map(\.isImplicit) == [true, true, true, true])
        #expect(loaded.route(for: "m")?.targets.map(\.provider) == ["a", "b"])
    }

    @Test func `where a model is named like another's address, the address comes first`() throws {
        let targets = try Desk(Self.providers).load().route(for: "b/m")?.targets
        #expect(
            targets == [
                Configuration.Target(provider: "b", models: ["m"]),
                Configuration.Target(provider: "a", models: ["b/m"]),
            ])
    }

    @Test func `written routes are the only ones`() throws {
        let loaded = try Desk(Self.providers + "routes: [{model: chat, targets: [a]}]").load()
        #expect(loaded.route(for: "a/m") == nil)
    }

    @Test func `a mistake in a provider is not told again by its routes`() {
        let mistakes = Desk(
            """
            providers: [{name: a, kind: mock, models: []}]
            routes: [{model: chat, targets: [a, a/m]}]
            """
        ).mistakes()
        #expect(mistakes.count == 1)
    }
}
