import SignalboxCore
import SignalboxHTTP

/// Divides a provider's stream into events, as its vendor frames them.
struct StreamEvents {
    /// The stream cannot be divided any further.
    struct Broken: Error {
        let message: String
    }

    private let framing: StreamFraming
    // One of them is used; an unused one holds nothing.
    private var events = ServerSentEvents()
    private var lines = JSONLines()

    init(_ framing: StreamFraming) {
        self.framing = framing
    }

    /// Whether a reply of this type is a stream. Vendors of lines call them `application/json`, too.
    func isCarried(by contentType: String?) -> Bool {
        switch framing {
        case .serverSentEvents: contentType?.lowercased().hasPrefix("text/event-stream") == true
        case .jsonLines: true
        }
    }

    mutating func push(_ chunk: [UInt8]) {
        switch framing {
        case .serverSentEvents: events.push(chunk)
        case .jsonLines: lines.push(chunk)
        }
    }

    mutating func next() throws(Broken) -> ServerSentEvent? {
        switch framing {
        case .serverSentEvents:
            do throws(ServerSentEventsError) { return try events.next() } catch {
                throw Broken(message: "\(error)")
            }
        case .jsonLines:
            do throws(JSONLineTooLong) { return try lines.next() } catch { throw Broken(message: "\(error)") }
        }
    }

    /// What is left when the stream has ended: an event needs its empty line, a JSON text needs no line end.
    mutating func end() -> ServerSentEvent? {
        switch framing {
        case .serverSentEvents: nil
        case .jsonLines: lines.end()
        }
    }
}
