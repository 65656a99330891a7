/// Decodes server-sent events (WHATWG HTML, 9.2.6) from chunks that may break anywhere, even between CR and LF.
///
/// Hand over a chunk with ``push(_:)``, then take events with ``next()`` until it answers nil. An event that lies in
/// one chunk with a single `data` line is a range of that chunk: nothing is copied.
public struct ServerSentEvents: Sendable {
    /// More than this in one event, or in one line, is an error.
    public let eventBytesMax: Int
    /// The last `retry` field, for those who reconnect.
    public private(set) var retry: Duration?
    /// The last `id` field. It outlives its event, as the standard asks.
    public private(set) var lastEventID: String?

    /// The data of the event that is being read.
    private enum PendingData {
        case none
        /// A part of `chunk`.
        case inChunk(Range<Int>)
        case copied([UInt8])
    }

    private var chunk: [UInt8] = []
    private var position = 0
    /// The beginning of a line whose end is in a later chunk.
    private var partialLine: [UInt8] = []
    private var data = PendingData.none
    private var dataCount = 0
    private var name: String?
    /// The name given last: providers repeat theirs, and a long one should not be allocated for each event.
    private var nameCache = ""
    private var isFirstLine = true
    private var followsCarriageReturn = false

    public init(eventBytesMax: Int = 1 << 20) {
        precondition(eventBytesMax > 0, "a limit of at least one byte")
        self.eventBytesMax = eventBytesMax
    }

    /// Hands over the next chunk. All events of the one before must have been taken.
    public mutating func push(_ chunk: [UInt8]) {
        precondition(position == self.chunk.count, "take the events of the last chunk first")
        self.chunk = chunk
        position = 0
    }

    /// The next whole event, or nil when the chunk is used up. After an error the decoder is of no more use.
    public mutating func next() throws(ServerSentEventsError) -> ServerSentEvent? {
        while position < chunk.count {
            if followsCarriageReturn {
                followsCarriageReturn = false
                if chunk[position] == ServerSentEvents.lineFeed {
                    position += 1
                    continue
                }
            }
            let start = position
            let end = chunk.withUnsafeBufferPointer { ServerSentEvents.lineEnd(in: $0, from: start) }
            let length = end - start + partialLine.count
            guard length + dataCount <= eventBytesMax else { throw .eventTooLong(bytesMax: eventBytesMax) }
            guard end < chunk.count else {
                partialLine.append(contentsOf: chunk[start..<end])
                break
            }
            followsCarriageReturn = chunk[end] == ServerSentEvents.carriageReturn
            position = end + 1
            if let event = takeLine(start..<end) { return event }
        }
        releaseChunk()
        return nil
    }

    /// Whether an event had begun that was never ended by an empty line. The standard discards it.
    public func finish() -> Bool {
        switch data {
        case .none: !partialLine.isEmpty || name != nil
        case .inChunk, .copied: true
        }
    }

    /// Reads one line, which ends in the chunk and may have begun before it.
    private mutating func takeLine(_ range: Range<Int>) -> ServerSentEvent? {
        guard partialLine.isEmpty else {
            partialLine.append(contentsOf: chunk[range])
            let line = partialLine
            partialLine = []
            return read(line, in: 0..<line.count, isInChunk: false)
        }
        return read(chunk, in: range, isInChunk: true)
    }

    private mutating func read(_ bytes: [UInt8], in range: Range<Int>, isInChunk: Bool) -> ServerSentEvent? {
        var line = range
        if isFirstLine {
            isFirstLine = false
            if bytes[line].starts(with: [0xEF, 0xBB, 0xBF]) { line = line.lowerBound + 3..<line.upperBound }
        }
        if line.isEmpty { return dispatch() }
        // The one line that matters for speed, told by its first five bytes.
        let isData =
            line.count >= 5 && bytes[line.lowerBound] == UInt8(ascii: "d")
            && bytes[line.lowerBound..<line.lowerBound + 5].elementsEqual("data:".utf8)
        let colon = isData ? line.lowerBound + 4 : bytes[line].firstIndex(of: UInt8(ascii: ":"))
        var value = (colon.map { $0 + 1 } ?? line.upperBound)..<line.upperBound
        if let first = value.first, bytes[first] == 0x20 { value = first + 1..<value.upperBound }
        if isData {
            addData(bytes, value, isInChunk: isInChunk)
        } else {
            setField(bytes[line.lowerBound..<(colon ?? line.upperBound)], to: bytes[value])
        }
        return nil
    }

    private mutating func setField(_ field: ArraySlice<UInt8>, to value: ArraySlice<UInt8>) {
        if field.elementsEqual("event".utf8) {
            if !value.elementsEqual(nameCache.utf8) { nameCache = String(decoding: value, as: UTF8.self) }
            name = value.isEmpty ? nil : nameCache
        } else if field.elementsEqual("data".utf8) {
            addData([], 0..<0, isInChunk: false)
        } else if field.elementsEqual("id".utf8), !value.contains(0) {
            lastEventID = String(decoding: value, as: UTF8.self)
        } else if field.elementsEqual("retry".utf8), value.allSatisfy({ 0x30...0x39 ~= $0 }),
            let milliseconds = Int(String(decoding: value, as: UTF8.self))
        {
            retry = .milliseconds(milliseconds)
        }
    }

    private mutating func addData(_ bytes: [UInt8], _ value: Range<Int>, isInChunk: Bool) {
        switch data {
        case .none:
            data = isInChunk ? .inChunk(value) : .copied(Array(bytes[value]))
            dataCount = value.count
        case .inChunk(let range):
            append(bytes[value], to: Array(chunk[range]))
        case .copied(let copied):
            // Let go of the stored array first, so that appending does not copy it.
            data = .none
            append(bytes[value], to: copied)
        }
    }

    private mutating func append(_ line: ArraySlice<UInt8>, to copied: consuming [UInt8]) {
        copied.append(ServerSentEvents.lineFeed)
        copied.append(contentsOf: line)
        dataCount = copied.count
        data = .copied(copied)
    }

    /// At an empty line: an event without data is none.
    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            data = .none
            dataCount = 0
            name = nil
        }
        switch data {
        case .none: return nil
        case .inChunk(let range): return ServerSentEvent(bytes: chunk, data: range, name: name)
        case .copied(let bytes): return ServerSentEvent(bytes: bytes, data: 0..<bytes.count, name: name)
        }
    }

    /// The chunk is used up: keeps what the next one will continue.
    private mutating func releaseChunk() {
        if case .inChunk(let range) = data { data = .copied(Array(chunk[range])) }
        chunk = []
        position = 0
    }

    private static let lineFeed: UInt8 = 0x0A
    private static let carriageReturn: UInt8 = 0x0D

    /// The place of the first CR or LF, or the end.
    ///
    /// Eight bytes at a time through an unaligned load, always inside the buffer: lines are a few hundred bytes long.
    private static func lineEnd(in buffer: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = start
        while index &+ 8 <= buffer.count {
            let raw = UnsafeRawBufferPointer(buffer)
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let feed = word ^ (ones &* UInt64(lineFeed))
            let carriage = word ^ (ones &* UInt64(carriageReturn))
            // The lowest mark is true; those above it may come from a borrow.
            let marks = ((feed &- ones) & ~feed | (carriage &- ones) & ~carriage) & (ones &* 0x80)
            if marks != 0 { return index &+ marks.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < buffer.count, buffer[index] != lineFeed, buffer[index] != carriageReturn { index &+= 1 }
        return index
    }
}

/// One event: its data is `bytes[data]`.
public struct ServerSentEvent: Sendable, Equatable {
    /// The chunk itself where the data lay in one piece, otherwise a copy of the data.
    public let bytes: [UInt8]
    public let data: Range<Int>
    /// The `event` field; nil means the default, `message`.
    public let name: String?

    public static func == (left: ServerSentEvent, right: ServerSentEvent) -> Bool {
        left.name == right.name && left.bytes[left.data] == right.bytes[right.data]
    }
}

public enum ServerSentEventsError: Error, Sendable, Equatable, CustomStringConvertible {
    case eventTooLong(bytesMax: Int)

    public var description: String {
        switch self {
        case .eventTooLong(let bytesMax): "a server-sent event is longer than \(bytesMax) bytes"
        }
    }
}
