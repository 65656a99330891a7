import SignalboxConfig
import SignalboxCore
import Testing

@testable import SignalboxServer

@Suite struct AdminAccessTests {
    private func access(token: String? = nil, user: (String, String)? = nil) -> AdminAccess {
        var admin = Configuration.Admin()
        admin.token = token.map { Secret($0) }
        admin.basicAuth = user.map { Configuration.BasicAuth(username: $0.0, password: Secret($0.1)) }
        return AdminAccess(admin)
    }

    @Test(arguments: ["Bearer t0ken", "bearer t0ken", "BEARER   t0ken"])
    func `the token is taken, however its scheme is written`(field: String) {
        #expect(access(token: "t0ken").admits(field))
    }

    @Test(arguments: [
        nil, "", "Bearer", "Bearer ", "Bearer t0ke", "Bearer t0ken2", "Bearer T0ken", "t0ken", "Basic t0ken",
        "Digest t0ken",
    ])
    func `anything else is not`(field: String?) {
        #expect(!access(token: "t0ken").admits(field))
    }

    @Test func `name and password are taken as RFC 7617 writes them`() {
        let access = access(user: ("Aladdin", "open sesame"))
        #expect(access.admits("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="))
        #expect(!access.admits("Basic QWxhZGRpbjpvcGVuIHNlc2FtZg=="))
        #expect(!access.admits("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="))
    }

    @Test func `without a way in nobody is let in`() {
        #expect(!access().admits("Bearer "))
        #expect(!access().admits("Basic Og=="))
        #expect(access().challenges.isEmpty)
    }

    @Test func `each way in has its challenge`() {
        #expect(access(token: "t").challenges == [#"Bearer realm="signalbox admin""#])
        #expect(access(token: "t", user: ("u", "p")).challenges.count == 2)
    }
}
