import SignalboxCore
import SignalboxHTTP

enum FramingFuzz {
    private static let pieces = [
        "data:", "data: ", "data", "event: x", "id: 1", "retry: 5", ":", "text", "é", "\r", "\n", "\r\n",
        "\n\n",
        "\r\n\r\n", "\u{FEFF}", "\u{0}", " ", "{\"a\":1}",
    ]

    static func events(seed: UInt64) -> Violation? {
        violation(seed: seed) { chunks in
            var decoder = ServerSentEvents(eventBytesMax: 64)
            var events: [[UInt8]] = []
            do throws(ServerSentEventsError) {
                for chunk in chunks {
                    decoder.push(chunk)
                    while let event = try decoder.next() { events.append(Array(event.bytes[event.data])) }
                }
            } catch {
                return nil
            }
            return events
        }
    }

    static func lines(seed: UInt64) -> Violation? {
        violation(seed: seed) { chunks in
            var decoder = JSONLines(lineBytesMax: 64)
            var lines: [[UInt8]] = []
            do throws(JSONLineTooLong) {
                for chunk in chunks {
                    decoder.push(chunk)
                    while let line = try decoder.next() { lines.append(Array(line.bytes[line.data])) }
                }
            } catch {
                return nil
            }
            if let last = decoder.end() { lines.append(Array(last.bytes[last.data])) }
            return lines
        }
    }

    /// - Parameter read: nil where something is too long.
    private static func violation(
        seed: UInt64, read: ([[UInt8]]) -> [[UInt8]]?
    ) -> Violation? {
        var mutation = FuzzMutation(seed: seed)
        var text = ""
        for _ in 0..<Int.random(in: 0..<40, using: &mutation.random) {
            text += pieces.randomElement(using: &mutation.random) ?? ""
        }
        let bytes = mutation.mutated(Array(text.utf8))
        let whole = read([bytes])
        guard whole == read(mutation.chunks(of: bytes)), whole == read(bytes.map { [$0] }) else {
            return Violation(promise: "chunks do not matter", input: bytes)
        }
        guard (whole ?? []).allSatisfy({ $0.count <= 64 }) else {
            return Violation(promise: "nothing longer than allowed comes out", input: bytes)
        }
        return nil
    }
}
