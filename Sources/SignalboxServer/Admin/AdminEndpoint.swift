import SignalboxHTTP

/// One path of the admin listener: what it asks for, and what it answers.
struct AdminEndpoint: Sendable {
    enum Method: String, Sendable {
        /// And HEAD.
        case get = "GET, HEAD"
        case post = "POST"

        func includes(_ method: String) -> Bool {
            switch self {
            case .get: method == "GET" || method == "HEAD"
            case .post: method == "POST"
            }
        }
    }

    let method: Method
    let path: AdminPath
    let protection: AdminDoor.Protection
    /// Answers an exchange that was let in, under its request id. On the admin loop.
    let answer: @Sendable (_ exchange: Exchange, _ id: String) async -> Void
    /// Told of an exchange that was not let in, before that is answered.
    let refused: @Sendable (_ exchange: Exchange) -> Void

    init(
        _ method: Method, _ path: String, for protection: AdminDoor.Protection,
        refused: @escaping @Sendable (_ exchange: Exchange) -> Void = { _ in },
        answer: @escaping @Sendable (_ exchange: Exchange, _ id: String) async -> Void
    ) {
        self.method = method
        self.path = AdminPath(path)
        self.protection = protection
        self.refused = refused
        self.answer = answer
    }
}
