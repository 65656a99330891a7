import SignalboxTesting

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

func reply(_ status: Int, _ body: String, _ fields: [String] = []) -> String {
    "HTTP/1.1 \(status) Whatever\r\n" + fields.map { $0 + "\r\n" }.joined()
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}
