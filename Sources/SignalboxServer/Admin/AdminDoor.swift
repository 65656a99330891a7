import SignalboxConfig
import SignalboxCore
import SignalboxHTTP

/// Decides who may use which paths of the admin listener.
struct AdminDoor: Sendable {
    /// What a path asks of whoever calls it.
    enum Protection: Sendable {
        /// Nothing.
        case open
        /// What `admin.metrics_auth` says.
        case metrics
        /// `admin.token` or `admin.basic_auth` where one of them is set. With neither, only this machine may
        /// come in: a listener that others reach refuses.
        case administration
    }

    private let access: AdminAccess
    private let protectsMetrics: Bool
    private let isLoopback: Bool

    init(_ admin: Configuration.Admin) {
        access = AdminAccess(admin)
        protectsMetrics = admin.protectsMetrics
        isLoopback = admin.listen.isLoopback
    }

    /// Nil for who may come in.
    func refusal(of visitor: AdminVisitor, at protection: Protection) -> Reply? {
        switch protection {
        case .open: nil
        case .metrics:
            protectsMetrics && !access.admits(visitor.authorization) ? .unauthorized(access) : nil
        case .administration: stranger(visitor) ?? foreignPage(visitor)
        }
    }

    private func stranger(_ visitor: AdminVisitor) -> Reply? {
        if access.asksForSomething {
            return access.admits(visitor.authorization) ? nil : .unauthorized(access)
        }
        guard isLoopback else {
            return .text(
                403, "other machines reach this listener, and it has no admin.token to ask them for\n")
        }
        // A page whose name was made to point at this machine would otherwise count as one of its own.
        guard visitor.isProgram || visitor.host.map(AdminVisitor.isLocal) ?? true else {
            return .text(
                403, "call this listener localhost, 127.0.0.1 or [::1], or set admin.token and send it\n")
        }
        return nil
    }

    /// A browser lets any page send a POST anywhere, with a password that it remembers, and says where that
    /// page is from; programs say nothing.
    private func foreignPage(_ visitor: AdminVisitor) -> Reply? {
        visitor.isForeignPage ? .text(403, "not for pages of another site\n") : nil
    }
}

/// What a request to the admin listener says of who sends it.
struct AdminVisitor: Sendable {
    var method = "GET"
    var authorization: String?
    var host: String?
    var origin: String?
    /// `Sec-Fetch-Site`, which current browsers send and no page can forge.
    var site: String?

    /// Whether no browser sent it: a browser says with each POST where its page is from.
    var isProgram: Bool {
        method == "POST" && origin == nil && site == nil
    }

    /// Whether a page that was not loaded from here wants something changed.
    var isForeignPage: Bool {
        guard method != "GET", method != "HEAD" else { return false }
        if let site, site != "same-origin", site != "none" { return true }
        guard let origin else { return false }
        guard let host, let scheme = origin.firstRange(of: "://") else { return true }
        return origin[scheme.upperBound...].lowercased() != host.lowercased()
    }

    /// Whether `authority`, a name with or without a port, can only be this machine.
    static func isLocal(_ authority: String) -> Bool {
        let name = authority.lowercased()
        return (ListenAddress(name) ?? ListenAddress(name + ":80"))?.isLoopback ?? false
    }
}

extension AdminVisitor {
    init(_ exchange: Exchange) {
        method = exchange.method
        authorization = exchange.header("authorization")
        host = exchange.header("host")
        origin = exchange.header("origin")
        site = exchange.header("sec-fetch-site")
    }
}

extension Reply {
    fileprivate static func unauthorized(_ access: AdminAccess) -> Reply {
        var reply = Reply.text(401, "prove who you are\n")
        reply.headers += access.challenges.map { ("www-authenticate", $0) }
        return reply
    }
}
