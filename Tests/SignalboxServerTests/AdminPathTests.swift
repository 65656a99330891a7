import Testing

@testable import SignalboxServer

@Suite struct AdminPathTests {
    @Test func `a path without braces is that path alone`() {
        let path = AdminPath("/admin/keys")
        #expect(path.step(of: "/admin/keys") == "")
        for other in ["/admin/key", "/admin/keys/", "/admin/keys/openai-0", "", "/"] {
            #expect(path.step(of: other) == nil, "\(other)")
        }
    }

    @Test func `braces stand for one step, whatever it is`() {
        let path = AdminPath("/admin/keys/{name}/check")
        for name in ["openai-0", "a b", "{name}", "ключ", "check"] {
            #expect(path.step(of: "/admin/keys/\(name)/check") == name)
        }
    }

    @Test func `nothing, and more than one step, is another path`() {
        let path = AdminPath("/admin/keys/{name}/check")
        for other in [
            "/admin/keys//check", "/admin/keys/check", "/admin/keys/a/b/check", "/admin/keys/a/check/",
            "/admin/keys/a/checks", "/admin/keys/a", "x/admin/keys/a/check",
        ] {
            #expect(path.step(of: other) == nil, "\(other)")
        }
    }
}
