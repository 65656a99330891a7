import SignalboxCore
import SignalboxHTTP

/// A provider's status line and header fields.
enum HeadFuzz {
    static let targets = [
        FuzzTarget("reply-head", words: words, sample: sample, brokenPromise: broken)
    ]

    private static let words = [
        "HTTP/1.1 ", "HTTP/2 200 \r\n", "\r\n", ": ", ":", "\t", " 100 Continue\r\n\r\n",
    ]

    private static func sample(_ mutation: inout FuzzMutation) -> [UInt8] {
        let interim = mutation.pick([
            "", "", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/2 103 \r\nlink: </a>\r\n\r\n",
        ])
        let status = mutation.pick(["HTTP/1.1 200 OK", "HTTP/2 429 ", "HTTP/1.0 503 Oh: dear"])
        let fields = FuzzRequests.headers(&mutation).sorted { $0.key < $1.key }.map {
            "\($0.key): \($0.value)\r\n"
        }
        return Array((interim + status + "\r\n" + fields.joined() + "\r\n").utf8)
    }

    private static func broken(_ input: [UInt8]) -> String? {
        var lines: [[UInt8]] = []
        for byte in input {
            if lines.last?.last ?? UInt8(ascii: "\n") == UInt8(ascii: "\n") { lines.append([]) }
            lines[lines.count - 1].append(byte)
        }
        let head = read(lines)
        if let head {
            guard 200...999 ~= head.status else { return "a head that is whole has its status" }
            let size = head.headers.all.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
            // Bytes that are no UTF-8 become three.
            guard size <= 3 * input.count, head.headers.count <= lines.count else {
                return "no more than came"
            }
        }
        let interim = [Array("HTTP/1.1 100 Continue\r\n".utf8), Array("a: b\r\n".utf8), Array("\r\n".utf8)]
        guard input.count < ReplyHead.bytesMax - 64 else { return nil }
        let behind = read(interim + lines)
        let isSame =
            behind?.status == head?.status && behind?.headers.all.map(\.name) == head?.headers.all.map(\.name)
            && behind?.headers.all.map(\.value) == head?.headers.all.map(\.value)
        return isSame ? nil : "an interim reply does not matter"
    }

    /// Nil where no head is whole.
    private static func read(_ lines: [[UInt8]]) -> ReplyHead? {
        var head = ReplyHead()
        for line in lines {
            switch line.withUnsafeBytes({ head.take($0) }) {
            case .more: continue
            case .whole: return head
            case .tooLarge: return nil
            }
        }
        return nil
    }
}
