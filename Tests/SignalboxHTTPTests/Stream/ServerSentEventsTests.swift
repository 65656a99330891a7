import SignalboxCore
import SignalboxHTTP
import SignalboxTesting
import Testing

@Suite struct ServerSentEventsTests {
    private struct Seen: Equatable {
        var name: String?
        var data: String
    }

    private func decode(_ chunks: [[UInt8]], bytesMax: Int = 1 << 20) throws -> (
        events: [Seen], pending: Bool
    ) {
        var decoder = ServerSentEvents(eventBytesMax: bytesMax)
        var events: [Seen] = []
        for chunk in chunks {
            decoder.push(chunk)
            while let event = try decoder.next() {
                events.append(
                    Seen(name: event.name, data: String(decoding: event.bytes[event.data], as: UTF8.self)))
            }
        }
        return (events, decoder.finish())
    }

    private func decode(_ text: String) throws -> (events: [Seen], pending: Bool) {
        try decode([Array(text.utf8)])
    }

    static let sample =
        "\u{FEFF}data: {\"a\":1}\n\n: comment\r\nevent: delta\r\ndata: one\r\ndata:two\r\ndata\r\n\r\n"
        + "id: 7\rdata:  spaced\r\rretry: 1500\nevent: ignored\n\ndata: é🚂\n\ndata:\n\ndata: [DONE]\n\n"

    private static let expected = [
        Seen(data: "{\"a\":1}"), Seen(name: "delta", data: "one\ntwo\n"), Seen(data: " spaced"),
        Seen(data: "é🚂"),
        Seen(data: ""), Seen(data: "[DONE]"),
    ]

    @Test func `every split of a stream in two gives the same events`() throws {
        let bytes = Array(Self.sample.utf8)
        for place in 0...bytes.count {
            let (events, pending) = try decode([Array(bytes[..<place]), Array(bytes[place...])])
            #expect(events == Self.expected, "split at \(place)")
            #expect(!pending)
        }
    }

    @Test(arguments: 1...40) func `chunks of any size give the same events`(seed: UInt64) throws {
        var random = FastRandom(seed: seed)
        var rest = Array(Self.sample.utf8)[...]
        var chunks: [[UInt8]] = []
        while !rest.isEmpty {
            chunks.append(Array(rest.prefix(Int.random(in: 0...5, using: &random))))
            rest = rest.dropFirst(chunks[chunks.count - 1].count)
        }
        #expect(try decode(chunks).events == Self.expected)
        #expect(try decode(Array(Self.sample.utf8).map { [$0] }).events == Self.expected)
    }

    @Test func `an event in one chunk is a range of that chunk`() throws {
        var decoder = ServerSentEvents()
        let chunk = Array("data: abc\n\ndata: de\n\n".utf8)
        decoder.push(chunk)
        let first = try #require(try decoder.next())
        let second = try #require(try decoder.next())
        #expect(first.bytes == chunk && first.data == 6..<9)
        #expect(second.bytes == chunk && second.data == 17..<19)
        #expect(try decoder.next() == nil)
    }

    @Test func `an event that no empty line ends is discarded, and said to be pending`() throws {
        #expect(try decode("data: a\n\ndata: b\n") == ([Seen(data: "a")], true))
        #expect(try decode("data: a\n\ndata: b") == ([Seen(data: "a")], true))
        #expect(try decode("data: a\n\n: comment\n") == ([Seen(data: "a")], false))
    }

    @Test func `fields outlive their event only where the standard says so`() throws {
        var decoder = ServerSentEvents()
        decoder.push(Array("id: 7\nretry: 250\nevent: x\ndata: a\n\nid: b\u{0}\nretry: 1s\ndata: c\n\n".utf8))
        #expect(try decoder.next()?.name == "x")
        #expect(try decoder.next()?.name == nil)
        #expect(decoder.lastEventID == "7")
        #expect(decoder.retry == .milliseconds(250))
    }

    @Test func `an event without data is none, and unknown fields are ignored`() throws {
        #expect(try decode("event: x\n\nfoo: bar\n\ndatum: y\n\n:data: z\n\n data: z\n\n").events.isEmpty)
    }

    @Test func `an event longer than the limit is an error, however it is cut`() throws {
        let lines = Array("data: 12345\ndata: 67890\n\n".utf8)
        #expect(try decode([lines], bytesMax: 22).events.count == 1)
        for chunks in [[lines], lines.map { [$0] }, [Array("data: 1234567890123456789".utf8)]] {
            #expect(throws: ServerSentEventsError.eventTooLong(bytesMax: 15)) {
                try decode(chunks, bytesMax: 15)
            }
        }
    }

    @Test func `an error is final, whatever is pushed after it`() {
        var decoder = ServerSentEvents(eventBytesMax: 8)
        for text in ["data: too long for it\n\n", "data: x\n\n"] {
            decoder.push(Array(text.utf8))
            #expect(throws: ServerSentEventsError.eventTooLong(bytesMax: 8)) { try decoder.next() }
        }
    }

    @Test func `a stream of comments alone never fills the limit`() throws {
        let comments = Array(repeating: Array(": keep-alive\n".utf8), count: 1_000)
        #expect(try decode(comments, bytesMax: 20) == ([], false))
    }
}
