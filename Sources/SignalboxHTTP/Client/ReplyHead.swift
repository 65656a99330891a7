package import SignalboxCore

/// Status and header fields of one reply, put together from the lines of HTTP/1.1, or those that curl makes
/// of HTTP/2.
package struct ReplyHead: Sendable {
    package enum Step: Sendable {
        case more
        /// An empty line came: what has been read is the head.
        case whole
        case tooLarge
    }

    /// Of status lines and header fields, those of interim replies included.
    package static let bytesMax = 64 << 10

    /// 0 before a status line, and for one that cannot be read.
    package private(set) var status = 0
    package private(set) var headers = HeaderBlock()
    private var bytes = 0

    package init() {}

    /// Takes one line, its end included or not.
    package mutating func take(_ line: UnsafeRawBufferPointer) -> Step {
        bytes += line.count
        guard bytes <= ReplyHead.bytesMax else { return .tooLarge }
        var length = line.count
        while length > 0, line[length - 1] == 0x0A || line[length - 1] == 0x0D { length -= 1 }
        let text = UnsafeRawBufferPointer(rebasing: line[..<length])
        if text.isEmpty {
            if status >= 200 { return .whole }
            // 100 Continue and its kin: the real head follows.
            status = 0
            return .more
        }
        if let colon = text.firstIndex(of: UInt8(ascii: ":")), status != 0 {
            var start = colon + 1
            while start < text.count, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
            headers.append(
                name: UnsafeRawBufferPointer(rebasing: text[..<colon]),
                value: UnsafeRawBufferPointer(rebasing: text[start...]))
        } else {
            headers.removeAll()
            status = ReplyHead.status(in: text)
        }
        return .more
    }

    /// `HTTP/1.1 200 OK` → 200.
    private static func status(in line: UnsafeRawBufferPointer) -> Int {
        guard let space = line.firstIndex(of: 0x20) else { return 0 }
        var status = 0
        for byte in line[(space + 1)...].prefix(3) {
            guard (0x30...0x39).contains(byte) else { return 0 }
            status = status * 10 + Int(byte - 0x30)
        }
        return status
    }
}
