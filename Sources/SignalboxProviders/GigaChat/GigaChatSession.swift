import SignalboxCore

/// OAuth's client credentials, with Sber's own spelling.
struct GigaChatSession: TokenSession {
    let url: String
    let headers: [(name: String, value: Secret)]
    let bodies: [[UInt8]]
    let requestIDHeader: String? = "RqUID"
    let usualLifetime: Duration = .seconds(1_800)
    /// No more than ten requests a second are answered.
    let requestInterval: Duration = .milliseconds(125)

    /// - Parameter key: the authorization key, Base64 of client id and secret, as the vendor hands it out.
    init(url: String, key: Secret, scope: GigaChatScope) {
        self.url = url
        headers = [
            ("content-type", Secret("application/x-www-form-urlencoded")),
            ("accept", Secret("application/json")), ("authorization", Secret("Basic " + key.reveal())),
        ]
        bodies = scope.names.map { Array("scope=\($0)".utf8) }
    }

    func authorization(_ token: Secret) -> (name: String, value: Secret) {
        ("authorization", Secret("Bearer " + token.reveal()))
    }

    /// `{"access_token", "expires_at"}` or `{"tok", "exp"}`; the time in milliseconds since 1970, which some
    /// installations give in seconds.
    func judge(_ reply: WholeReply) -> TokenReply {
        guard 200...299 ~= reply.status else {
            let failure = GigaChatFailure.judge(reply)
            return failure.code == GigaChatCode.scopeMismatch.label ? .otherBody(failure) : .failure(failure)
        }
        do throws(JSONSyntaxError) {
            let tree = try JSONTree(parsing: reply.body)
            let token = (tree["access_token"] ?? tree["tok"])?.string ?? ""
            guard !token.isEmpty, token.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
                return malformed(reply, "no token")
            }
            let end = (tree["expires_at"] ?? tree["exp"])?.integer
            return .token(Secret(token), expiresAt: end.flatMap(Self.wallTime))
        } catch {
            return malformed(reply, "no JSON (\(error))")
        }
    }

    private static func wallTime(_ number: Int) -> WallTime? {
        // Twelve digits and more are milliseconds: as seconds they would be thirty thousand years away.
        let scale = number >= 100_000_000_000 ? 1_000_000 : 1_000_000_000
        let (nanoseconds, overflow) = Int64(number).multipliedReportingOverflow(by: Int64(scale))
        return overflow ? nil : WallTime(nanosecondsSince1970: nanoseconds)
    }

    private func malformed(_ reply: WholeReply, _ what: String) -> TokenReply {
        .failure(
            UpstreamFailure(
                .malformedReply, message: "the token request was answered \(reply.status) with \(what)",
                status: reply.status))
    }
}
