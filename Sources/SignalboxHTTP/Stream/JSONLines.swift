/// Divides a stream of JSON texts, one a line, that comes in chunks which may break anywhere.
///
/// Used like ``ServerSentEvents``: hand over a chunk, then take lines until there are no more. A line that
/// lies in one chunk is a range of it: nothing is copied. Empty lines are skipped, an LF ends a line, and so
/// does the end of the stream (``end()``).
public struct JSONLines: Sendable {
    /// A longer line is an error.
    public let lineBytesMax: Int
    private var chunk: [UInt8] = []
    private var position = 0
    private var partial: [UInt8] = []

    public init(lineBytesMax: Int = 1 << 20) {
        precondition(lineBytesMax > 0, "a limit of at least one byte")
        self.lineBytesMax = lineBytesMax
    }

    /// Hands over the next chunk. All lines of the one before must have been taken.
    public mutating func push(_ chunk: [UInt8]) {
        precondition(position == self.chunk.count, "take the lines of the last chunk first")
        self.chunk = chunk
        position = 0
    }

    /// The next whole line without its end, or nil when the chunk is used up.
    public mutating func next() throws(JSONLineTooLong) -> ServerSentEvent? {
        while position < chunk.count {
            let start = position
            let end = chunk[start...].firstIndex(of: 0x0A) ?? chunk.count
            guard end - start + partial.count <= lineBytesMax else {
                (chunk, position, partial) = ([], 0, [])
                throw JSONLineTooLong(limit: lineBytesMax)
            }
            guard end < chunk.count else {
                partial += chunk[start...]
                break
            }
            position = end + 1
            if let line = line(start..<end) { return line }
        }
        (chunk, position) = ([], 0)
        return nil
    }

    /// What stands behind the last line end, when the stream has ended.
    public mutating func end() -> ServerSentEvent? {
        line(0..<0)
    }

    private mutating func line(_ range: Range<Int>) -> ServerSentEvent? {
        var (bytes, range) = (chunk, range)
        if !partial.isEmpty {
            bytes = partial + chunk[range]
            range = 0..<bytes.count
            partial = []
        }
        while let last = range.last, bytes[last] <= 0x20 { range = range.dropLast() }
        return range.isEmpty ? nil : ServerSentEvent(bytes: bytes, data: range, name: nil)
    }
}

/// A line of a stream that has no end in sight.
public struct JSONLineTooLong: Error, Sendable, CustomStringConvertible {
    public let limit: Int

    public var description: String { "a line is longer than \(limit) bytes" }
}
