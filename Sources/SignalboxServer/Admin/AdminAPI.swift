import SignalboxHTTP

/// The admin listener: a table of paths, and who may use them. Never on the public port.
///
/// Confined to the admin loop's thread.
final class AdminAPI: @unchecked Sendable {
    // @unchecked: made on any thread, then touched by the admin loop's alone.

    /// Replaced when the configuration changes.
    var door: AdminDoor
    private let endpoints: [AdminEndpoint]

    init(door: AdminDoor, endpoints: [AdminEndpoint]) {
        self.door = door
        self.endpoints = endpoints
    }

    func handle(_ exchange: Exchange) async {
        let id = RequestID.of(exchange)
        let there = endpoints.filter { $0.path.step(of: exchange.path) != nil }
        guard !there.isEmpty else { return exchange.respond(notFound, id) }
        guard let endpoint = there.first(where: { $0.method.includes(exchange.method) }) else {
            let methods = there.map(\.method.rawValue).joined(separator: ", ")
            var reply = Reply.text(405, "use \(methods)\n")
            reply.headers.append(("allow", methods))
            return exchange.respond(reply, id)
        }
        if let refusal = door.refusal(of: AdminVisitor(exchange), at: endpoint.protection) {
            endpoint.refused(exchange)
            return exchange.respond(refusal, id)
        }
        await endpoint.answer(exchange, id)
    }

    private var notFound: Reply {
        var paths: [String] = []
        for path in endpoints.map(\.path.description) where !paths.contains(path) { paths.append(path) }
        return .text(404, "not found; there are \(paths.joined(separator: ", "))\n")
    }
}
