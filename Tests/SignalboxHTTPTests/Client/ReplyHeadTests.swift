import SignalboxCore
import SignalboxHTTP
import Testing

@Suite struct ReplyHeadTests {
    /// Nil where no head is whole.
    private func head(_ lines: [String]) -> ReplyHead? {
        var head = ReplyHead()
        for line in lines {
            let step = Array((line + "\r\n").utf8).withUnsafeBytes { head.take($0) }
            if case .whole = step { return head }
        }
        return nil
    }

    @Test func `status and fields are found, white space before a value aside`() {
        let head = head(["HTTP/2 429 ", "Retry-After: \t7", "x-empty:", ""])
        #expect(head?.status == 429)
        #expect(head?.headers["retry-after"] == "7")
        #expect(head?.headers["x-empty"] == "")
    }

    @Test func `of an interim reply nothing is left`() {
        let head = head(["HTTP/1.1 103 Early Hints", "link: </a>", "", "HTTP/1.1 200 OK", "a: b", ""])
        #expect(head?.status == 200)
        #expect(head?.headers.all.map(\.name) == ["a"])
    }

    @Test func `a colon in the words of a status line makes it no field, even behind an interim reply`() {
        #expect(head(["HTTP/1.1 503 Oh: dear", ""])?.status == 503)
        #expect(head(["HTTP/1.1 100 Continue", "", "HTTP/1.1 503 Oh: dear", ""])?.status == 503)
    }

    @Test func `a head of more than 64 KiB is too large`() {
        var head = ReplyHead()
        let line = Array("a: b\r\n".utf8)
        var taken = 0
        while case .more = line.withUnsafeBytes({ head.take($0) }) { taken += line.count }
        #expect(taken == ReplyHead.bytesMax / line.count * line.count)
    }
}
