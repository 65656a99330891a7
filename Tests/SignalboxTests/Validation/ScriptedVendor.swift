import SignalboxTesting
import Synchronization

/// A vendor that answers each request as a test says, and remembers what it was asked.
final class ScriptedVendor: Sendable {
    /// A status and a body; nil hangs up.
    typealias Answer = (status: Int, body: String)?

    private let server: RawServer
    private let log: Log

    private final class Log: Sendable {
        let messages = Mutex<[RawMessage]>([])
    }

    /// - Parameter answer: to a request, by its number from 0.
    init(_ answer: @escaping @Sendable (_ request: RawMessage, _ number: Int) -> Answer) throws {
        let log = Log()
        self.log = log
        server = try RawServer { socket in
            while let message = socket.readMessage() {
                let number = log.messages.withLock { messages in
                    messages.append(message)
                    return messages.count - 1
                }
                guard let (status, body) = answer(message, number) else { return socket.reset() }
                let head = "HTTP/1.1 \(status) X\r\ncontent-length: \(body.utf8.count)\r\n\r\n"
                guard socket.write(head + body) else { return }
            }
        }
    }

    var origin: String { "http://127.0.0.1:\(server.port)" }

    /// The first lines, without the version.
    var asked: [String] {
        log.messages.withLock { messages in
            messages.map { String($0.firstLine.prefix(while: { $0 != " " })) + " " + Self.path(of: $0) }
        }
    }

    var messages: [RawMessage] { log.messages.withLock(\.self) }

    func stop() { server.stop() }

    private static func path(of message: RawMessage) -> String {
        let words = message.firstLine.split(separator: " ")
        return words.count > 1 ? String(words[1]) : ""
    }
}
