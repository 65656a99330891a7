import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxHTTP

/// A client on a loop of its own. Ends with the test that made it.
final class TestClient: Sendable {
    let test: TestLoop
    let client: HTTPClient
    var loop: EventLoop { test.loop }

    init(clock: any TimeSource = SystemTime()) throws {
        test = try TestLoop(clock: clock)
        client = try HTTPClient(loop: test.loop)
        let client = client
        try test.loop.run { client.start() }
    }

    deinit {
        let client = client
        _ = try? test.loop.run { client.stop() }
    }

    /// Sends a request and waits for its whole reply.
    func post(
        _ template: RequestTemplate, body: [UInt8] = [], headers: [RequestHeader] = [],
        within limit: Duration = .seconds(3600)
    ) throws -> (status: Int, headers: HeaderBlock, text: String) {
        let client = client
        return try loop.run {
            let reply = client.post(
                template, body: body, headers: headers, deadline: client.deadline(in: limit))
            try await reply.head()
            let bytes = try await reply.whole()
            return (reply.status, reply.headers, String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Sends a GET and waits for its whole reply.
    func get(
        _ template: RequestTemplate, headers: [RequestHeader] = []
    ) throws -> (status: Int, text: String) {
        let client = client
        return try loop.run {
            let reply = client.get(template, headers: headers, deadline: client.deadline(in: .seconds(3600)))
            let bytes = try await reply.whole()
            return (reply.status, String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Sends a request and says how it failed; nil where it did not.
    func failure(
        _ template: RequestTemplate, body: [UInt8] = [], within limit: Duration = .seconds(3600)
    ) throws -> TransportError? {
        do {
            _ = try post(template, body: body, within: limit)
            return nil
        } catch let error as TransportError {
            return error
        }
    }
}

extension HTTPClient {
    func deadline(in limit: Duration) -> Deadline {
        Deadline(at: loop.now().advanced(by: limit))
    }
}

extension RequestTemplate {
    convenience init(
        port: Int, headers: [(String, String)] = [], timeouts: TransferTimeouts = TransferTimeouts(),
        replyBytesMax: Int = 32 << 20
    ) {
        self.init(
            url: "http://127.0.0.1:\(port)/v1/thing",
            headers: headers.map { (name: $0.0, value: Secret($0.1)) },
            timeouts: timeouts, replyBytesMax: replyBytesMax)
    }
}

extension RawServer {
    /// Answers every request on every connection with what `reply` makes of it.
    static func answering(_ reply: @escaping @Sendable (RawMessage) -> String) throws -> RawServer {
        try RawServer { socket in
            while let request = socket.readMessage() { socket.write(reply(request)) }
        }
    }

    /// Does `script` to each connection once its first request has come whole.
    static func afterRequest(_ script: @escaping @Sendable (RawSocket) -> Void) throws -> RawServer {
        try RawServer { socket in
            guard socket.readMessage() != nil else { return }
            script(socket)
        }
    }
}

func wholeReply(_ body: String, _ fields: [String] = []) -> String {
    "HTTP/1.1 200 OK\r\n" + fields.map { $0 + "\r\n" }.joined()
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}

func chunk(_ text: String) -> String {
    "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
}

let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
