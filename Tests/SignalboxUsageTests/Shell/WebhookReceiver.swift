import SignalboxCore
import SignalboxHTTP
import SignalboxTesting
import Synchronization

@testable import SignalboxUsage

/// An endpoint that a test plays: it keeps what arrives, and answers as it is told.
final class WebhookReceiver: Sendable {
    /// What a receiver does with a delivery.
    enum Answer: Sendable {
        case status(Int, fields: [String] = [], body: String = "")
        /// Never answers.
        case hang
        /// Ends the connection without a word.
        case hangUp
    }

    /// One attempt, as it came.
    struct Arrival: Sendable {
        let message: RawMessage

        var id: String { message.header("webhook-id") ?? "" }
        var timestamp: Int64 { message.header("webhook-timestamp").flatMap { Int64($0) } ?? 0 }
        var signature: String { message.header("webhook-signature") ?? "" }
        var isPacked: Bool { message.header("content-encoding") == "gzip" }
        /// What an application sees behind a server that inflates.
        var body: [UInt8] {
            guard isPacked else { return message.body }
            return (try? Gzip.decompress(message.body, bytesMax: 1 << 20)) ?? []
        }

        var text: String { String(decoding: body, as: UTF8.self) }
        /// The numbers of its records.
        var sequences: [Int] {
            text.split(separator: "\"sequence\":").dropFirst().compactMap { Int($0.prefix { $0.isNumber }) }
        }

        func isSigned(with secrets: [WebhookSecret]) -> Bool {
            signature == WebhookSignature.field(id: id, timestamp: timestamp, body: body, secrets: secrets)
        }
    }

    private let server: RawServer
    let arrivals: Handover<Arrival>

    var port: Int { server.port }
    var connections: Int { server.accepted }

    /// - Parameter answer: told the attempt and how many came before it.
    init(_ answer: @escaping @Sendable (Arrival, Int) -> Answer) throws {
        let arrivals = Handover<Arrival>()
        let seen = Mutex(0)
        self.arrivals = arrivals
        server = try RawServer { socket in
            while let message = socket.readMessage() {
                let arrival = Arrival(message: message)
                let before = seen.withLock { seen in
                    defer { seen += 1 }
                    return seen
                }
                arrivals.put(arrival)
                switch answer(arrival, before) {
                case .status(let status, let fields, let body):
                    socket.write(
                        "HTTP/1.1 \(status) Status\r\n" + fields.map { $0 + "\r\n" }.joined()
                            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                case .hang: _ = socket.readToEnd()
                case .hangUp: return
                }
            }
        }
    }

    convenience init(statuses: [Int]) throws {
        try self.init { _, before in .status(before < statuses.count ? statuses[before] : 200) }
    }

    deinit {
        server.stop()
    }
}
