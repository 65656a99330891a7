import SignalboxConfig
import SignalboxCore

/// Who may use the protected paths of the admin listener.
struct AdminAccess: Sendable {
    private let token: Secret?
    /// Name, colon and password as a client writes them, so that one comparison judges both.
    private let basic: Secret?

    init(_ admin: Configuration.Admin) {
        token = admin.token
        basic = admin.basicAuth.map {
            Secret(Base64Text.encode(Array("\($0.username):\($0.password.reveal())".utf8)))
        }
    }

    /// Whether there is anything that a client could prove itself with.
    var asksForSomething: Bool { token != nil || basic != nil }

    /// Whether a client with this `Authorization` is let in. Compares in constant time.
    func admits(_ authorization: String?) -> Bool {
        switch AuthorizationField(authorization) {
        case .bearer(let given): token?.matches(given.utf8) ?? false
        case .basic(let given): basic?.matches(given.utf8) ?? false
        case nil: false
        }
    }

    /// The values of `WWW-Authenticate`: one for each way in.
    var challenges: [String] {
        var challenges: [String] = []
        if token != nil { challenges.append(#"Bearer realm="signalbox admin""#) }
        if basic != nil { challenges.append(#"Basic realm="signalbox admin", charset="UTF-8""#) }
        return challenges
    }
}
