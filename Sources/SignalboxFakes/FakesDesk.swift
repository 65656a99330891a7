import SignalboxCore
import SignalboxHTTP
import SignalboxTesting
import Synchronization

/// Finds the vendor that a request is for, remembers the request, and plays the vendor's reply.
final class FakesDesk: Sendable {
    private let fakes: [String: any FakeVendor]
    private let log: Mutex<RequestLog>

    init(_ fakes: [String: any FakeVendor], log: RequestLog) {
        self.fakes = fakes
        self.log = Mutex(log)
    }

    func handle(_ exchange: Exchange) async {
        if exchange.path == "/__requests" { return answerLog(exchange) }
        let (kind, path) = FakesDesk.split(exchange.path)
        guard let fake = fakes[kind] else {
            let known = fakes.keys.sorted().map { "/\($0)" }.joined(separator: ", ")
            return exchange.respond(
                Reply(
                    status: 404, headers: [("content-type", "text/plain")],
                    body: Array("no fake vendor is at \(exchange.path); there are \(known)\n".utf8)))
        }
        var request = FakeRequest(method: exchange.method, path: path, body: exchange.body)
        for (name, value) in exchange.allHeaders { request.headers[name.lowercased()] = value }
        for (name, value) in exchange.allQueries { request.query[name] = value }
        log.withLock { $0.add(request, for: kind) }
        await ScriptedReply(exchange).play(fake.reply(to: request))
    }

    /// `/openai/v1/models` is `/v1/models` of openai.
    private static func split(_ path: String) -> (kind: String, path: String) {
        let kind = path.dropFirst().prefix { $0 != "/" }
        return (String(kind), String(path.dropFirst(kind.count + 1)))
    }

    private func answerLog(_ exchange: Exchange) {
        if exchange.method == "DELETE" {
            log.withLock { $0.forget() }
            return exchange.respond(Reply(status: 204))
        }
        let kind = exchange.query("kind")
        let body = log.withLock { $0.tree(of: kind) }.json
        exchange.respond(Reply(status: 200, headers: [("content-type", "application/json")], body: body))
    }
}

/// The latest requests, for tests to look at.
struct RequestLog: Sendable {
    let countMax: Int
    private var entries: [(kind: String, request: FakeRequest)] = []
    private var dropped = 0

    init(countMax: Int) {
        self.countMax = countMax
    }

    mutating func add(_ request: FakeRequest, for kind: String) {
        if entries.count == countMax {
            entries.removeFirst()
            dropped += 1
        }
        entries.append((kind, request))
    }

    mutating func forget() {
        entries = []
        dropped = 0
    }

    /// - Parameter kind: nil for all.
    func tree(of kind: String?) -> JSONTree {
        let shown = entries.filter { kind == nil || $0.kind == kind }
        return .object([
            "requests": .array(shown.map { RequestLog.tree(of: $0.request, for: $0.kind) }),
            "dropped": .integer(dropped),
        ])
    }

    private static func tree(of request: FakeRequest, for kind: String) -> JSONTree {
        func object(_ fields: [String: String]) -> JSONTree {
            .object(fields.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
        }
        return .object([
            "kind": .string(kind), "method": .string(request.method), "path": .string(request.path),
            "query": object(request.query), "headers": object(request.headers),
            "body": .string(String(decoding: request.body, as: UTF8.self)),
        ])
    }
}
