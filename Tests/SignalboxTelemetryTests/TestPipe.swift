import Glibc

/// A real pipe, whose reader may be as slow as a test wants.
final class TestPipe {
    private(set) var reader: Int32
    private(set) var writer: Int32
    private var unread: ArraySlice<UInt8> = []

    init() {
        var ends: [Int32] = [0, 0]
        let result = pipe(&ends)
        precondition(result == 0, "no pipe to be had")
        reader = ends[0]
        writer = ends[1]
    }

    deinit {
        closeReader()
        closeWriter()
    }

    func closeReader() {
        if reader >= 0 { close(reader) }
        reader = -1
    }

    func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }

    /// Everything up to and with the first line that satisfies `isLast`; the rest stays for the next call.
    func lines(through isLast: (String) throws -> Bool) rethrows -> [String] {
        var lines: [String] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            while let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(String(decoding: unread[..<end], as: UTF8.self))
                unread = unread[(end + 1)...]
                if try isLast(lines[lines.count - 1]) { return lines }
            }
            let count = read(reader, &chunk, chunk.count)
            guard count > 0 else { return lines }
            unread += chunk[..<count]
        }
    }

    /// Everything until the writing end is closed; for that this closes it.
    func remainingLines() -> [String] {
        closeWriter()
        return lines { _ in false }
    }
}
