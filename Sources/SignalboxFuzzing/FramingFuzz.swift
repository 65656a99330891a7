import SignalboxHTTP

/// What divides or unpacks bytes before anybody reads them.
enum FramingFuzz {
    static let targets = [
        FuzzTarget("sse", words: pieces, sample: stream, brokenPromise: { unsplit($0, events) }),
        FuzzTarget("lines", words: pieces, sample: stream, brokenPromise: { unsplit($0, lines) }),
        FuzzTarget("gzip", words: ["\u{1F}\u{8B}"], sample: packed, brokenPromise: unpacked),
    ]

    private static let pieces = [
        "data:", "data: ", "data", "event: x", "id: 1", "retry: 5", ":", "text", "é", "\r", "\n", "\r\n",
        "\n\n", "\r\n\r\n", "\u{FEFF}", "\u{0}", " ", "{\"a\":1}",
    ]

    private static func stream(_ mutation: inout FuzzMutation) -> [UInt8] {
        var text = ""
        for _ in 0..<Int.random(in: 0..<40, using: &mutation.random) { text += mutation.pick(pieces) }
        return Array(text.utf8)
    }

    private static func events(_ chunks: [[UInt8]]) -> [[UInt8]]? {
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

    private static func lines(_ chunks: [[UInt8]]) -> [[UInt8]]? {
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

    /// - Parameter read: nil where something is too long.
    private static func unsplit(_ bytes: [UInt8], _ read: ([[UInt8]]) -> [[UInt8]]?) -> String? {
        var mutation = FuzzMutation(choosingFor: bytes)
        let whole = read([bytes])
        guard whole == read(mutation.chunks(of: bytes)), whole == read(bytes.map { [$0] }) else {
            return "chunks do not matter"
        }
        return (whole ?? []).allSatisfy { $0.count <= 64 } ? nil : "nothing longer than allowed comes out"
    }

    // MARK: gzip

    private static let unpackedMax = 64 << 10

    private static func packed(_ mutation: inout FuzzMutation) -> [UInt8] {
        let text = mutation.pick(FuzzRequests.all)
        let bomb = [UInt8](repeating: 0x20, count: 1 << 20)
        let plain = mutation.pick([[], Array(text.utf8), Array(text.utf8) + Array(text.utf8), bomb])
        return Gzip.compress(plain, level: mutation.pick([0, 1, 6, 9])) ?? []
    }

    private static func unpacked(_ input: [UInt8]) -> String? {
        if let plain = decompressed(input, unpackedMax) {
            guard plain.count <= unpackedMax else { return "no more comes out than is allowed" }
            guard decompressed(input, plain.count) == plain else { return "a limit that is met is no limit" }
            if !plain.isEmpty, decompressed(input, plain.count - 1) != nil {
                return "what is one byte too long is refused"
            }
            guard decompressed(input + [0], unpackedMax) == nil else { return "nothing may follow" }
        }
        guard let packed = Gzip.compress(input) else { return "anything can be packed" }
        return decompressed(packed, input.count) == input ? nil : "what is packed comes out again"
    }

    private static func decompressed(_ bytes: [UInt8], _ bytesMax: Int) -> [UInt8]? {
        do throws(GzipError) { return try Gzip.decompress(bytes, bytesMax: bytesMax) } catch { return nil }
    }
}
