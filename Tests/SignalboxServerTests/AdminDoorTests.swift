import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import Testing

@testable import SignalboxServer

@Suite struct AdminDoorTests {
    private func door(token: String? = nil, metrics: Bool = false, at address: String = "127.0.0.1:9464")
        throws -> AdminDoor
    {
        var admin = Configuration.Admin()
        admin.token = token.map { Secret($0) }
        admin.protectsMetrics = metrics
        admin.listen = try #require(ListenAddress(address))
        return AdminDoor(admin)
    }

    private func post(
        _ authorization: String? = nil, host: String? = "127.0.0.1:9464", origin: String? = nil,
        site: String? = nil
    ) -> AdminVisitor {
        AdminVisitor(method: "POST", authorization: authorization, host: host, origin: origin, site: site)
    }

    @Test func `open paths ask for nothing`() throws {
        let visitor = AdminVisitor(host: "signalbox.example", origin: "https://elsewhere.example")
        #expect(try door(token: "t", at: "0.0.0.0:9464").refusal(of: visitor, at: .open) == nil)
    }

    @Test func `metrics ask for what metrics_auth says`() throws {
        let visitor = AdminVisitor(host: "signalbox.example")
        #expect(try door(token: "t").refusal(of: visitor, at: .metrics) == nil)
        #expect(try door(token: "t", metrics: true).refusal(of: visitor, at: .metrics)?.status == 401)
        let known = AdminVisitor(authorization: "Bearer t", host: "signalbox.example")
        #expect(try door(token: "t", metrics: true).refusal(of: known, at: .metrics) == nil)
    }

    @Test func `administration from this machine needs no token where none is set`() throws {
        #expect(try door().refusal(of: post(), at: .administration) == nil)
        #expect(try door().refusal(of: post(host: nil), at: .administration) == nil)
    }

    @Test func `a token that is set is asked for on loopback too`() throws {
        let refusal = try door(token: "t").refusal(of: post(), at: .administration)
        #expect(refusal?.status == 401)
        #expect(refusal?.headers.contains { $0.name == "www-authenticate" } == true)
        #expect(try door(token: "t").refusal(of: post("Bearer no"), at: .administration)?.status == 401)
        #expect(try door(token: "t").refusal(of: post("Bearer t"), at: .administration) == nil)
    }

    @Test func `a listener that others reach administers nobody without a token`() throws {
        let open = try door(at: "0.0.0.0:9464")
        #expect(open.refusal(of: post(), at: .administration)?.status == 403)
        #expect(open.refusal(of: post("Bearer t"), at: .administration)?.status == 403)
        let guarded = try door(token: "t", at: "0.0.0.0:9464")
        let visitor = post("Bearer t", host: "signalbox.example:9464")
        #expect(guarded.refusal(of: visitor, at: .administration) == nil)
    }

    @Test(arguments: ["rebound.example:9464", "127.0.0.1.example", "10.0.0.1:9464", "localhost.example:9464"])
    func `a name that may be made to point here is refused without a token`(host: String) throws {
        let page = post(host: host, origin: "http://\(host)")
        #expect(try door().refusal(of: page, at: .administration)?.status == 403)
        #expect(try door().refusal(of: post(host: host), at: .administration) == nil, "no page sent this")
        let reader = AdminVisitor(host: host)
        #expect(try door().refusal(of: reader, at: .administration)?.status == 403)
        #expect(try door(token: "t").refusal(of: post("Bearer t", host: host), at: .administration) == nil)
    }

    @Test(arguments: ["localhost", "LOCALHOST:9464", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:9464"])
    func `this machine has several names`(host: String) throws {
        #expect(try door().refusal(of: post(host: host), at: .administration) == nil)
    }

    @Test(arguments: [
        "https://elsewhere.example", "http://127.0.0.1:8080", "null", "http://127.0.0.1",
        "http://127.0.0.1:9464.example",
    ])
    func `a page of another origin changes nothing, whoever its visitor is`(origin: String) throws {
        #expect(try door().refusal(of: post(origin: origin), at: .administration)?.status == 403)
        let known = post("Bearer t", origin: origin)
        #expect(try door(token: "t").refusal(of: known, at: .administration)?.status == 403)
    }

    @Test func `a page that was loaded from here may`() throws {
        let page = post(origin: "http://127.0.0.1:9464", site: "same-origin")
        #expect(try door().refusal(of: page, at: .administration) == nil)
    }

    @Test(arguments: ["cross-site", "same-site"])
    func `the browser's own word on where a page is from counts as well`(site: String) throws {
        #expect(try door().refusal(of: post(site: site), at: .administration)?.status == 403)
        let link = AdminVisitor(host: "127.0.0.1:9464", site: site)
        #expect(try door().refusal(of: link, at: .administration) == nil)
    }
}
