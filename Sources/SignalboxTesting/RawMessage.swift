/// One HTTP/1.1 request or reply as it stood on the wire, its body unchunked.
public struct RawMessage: Sendable {
    /// The first line and the header fields, without the empty line.
    public let head: String
    public let body: [UInt8]
    /// False where the stream ended, broke or fell silent within the body.
    public let isWhole: Bool

    public var text: String { String(decoding: body, as: UTF8.self) }
    public var firstLine: String { String(head.prefix { !$0.isNewline }) }
    /// Of a reply; 0 where the first line has none.
    public var status: Int {
        let words = firstLine.split(separator: " ")
        return words.count > 1 ? Int(words[1]) ?? 0 : 0
    }

    /// The first field of that name, whatever its case.
    public func header(_ name: String) -> String? {
        RawMessage.header(name, in: head)
    }

    static func header(_ name: String, in head: String) -> String? {
        for line in head.split(whereSeparator: \.isNewline).dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0].lowercased() == name.lowercased() {
                return String(parts[1].drop { $0 == " " })
            }
        }
        return nil
    }
}

extension RawSocket {
    /// Reads exactly one message; what comes after it stays for the next read. Nil where the stream ends
    /// before a whole head.
    ///
    /// A message with neither Content-Length nor chunks is taken to have no body.
    public func readMessage() -> RawMessage? {
        guard let head = take(through: [0x0D, 0x0A, 0x0D, 0x0A]) else { return nil }
        let text = String(decoding: head.dropLast(4), as: UTF8.self)
        if RawMessage.header("transfer-encoding", in: text)?.lowercased() == "chunked" {
            let (body, isWhole) = takeChunks()
            return RawMessage(head: text, body: body, isWhole: isWhole)
        }
        let length = RawMessage.header("content-length", in: text).flatMap { Int($0) } ?? 0
        let body = take(count: length)
        return RawMessage(head: text, body: body, isWhole: body.count == length)
    }

    private func takeChunks() -> (body: [UInt8], isWhole: Bool) {
        var body: [UInt8] = []
        while let line = take(through: [0x0D, 0x0A]) {
            let digits = String(decoding: line.prefix { $0 != 0x0D && $0 != 0x3B }, as: UTF8.self)
            guard let size = Int(digits, radix: 16) else { break }
            let chunk = take(count: size)
            body += chunk
            guard chunk.count == size, take(through: [0x0D, 0x0A]) != nil else { break }
            if size == 0 { return (body, true) }
        }
        return (body, false)
    }
}
