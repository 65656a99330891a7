import SignalboxConfig
import SignalboxCore
import Testing

@testable import SignalboxServer

@Suite struct CallersTests {
    private let callers = Callers(
        [["a-first", "a-second"], ["b-first"]].enumerated().map { number, secrets in
            Configuration.Tenant(
                id: "t\(number)",
                keys: secrets.enumerated().map { place, secret in
                    Configuration.Key(alias: "t\(number)-\(place)", secret: Secret(secret))
                })
        })

    @Test(arguments: [("a-first", 0, 0), ("a-second", 0, 1), ("b-first", 1, 0)])
    func `a key says whose it is, and which of theirs`(token: String, tenant: Int, key: Int) {
        #expect(callers.caller(sending: token[...]) == Callers.Caller(tenant: tenant, key: key))
    }

    @Test(arguments: ["", "a", "a-firs", "a-first ", "A-first", "b-second"])
    func `what is no key is nobody's`(token: String) {
        #expect(callers.caller(sending: token[...]) == nil)
    }

    @Test func `without a key nobody is who they say, unless anybody may call`() {
        #expect(callers.caller(sending: nil) == nil)
        #expect(Callers([]).caller(sending: nil) == Callers.Caller(tenant: 0, key: nil))
        #expect(Callers([]).caller(sending: "whatever") == Callers.Caller(tenant: 0, key: nil))
    }
}
