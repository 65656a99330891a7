import SignalboxHTTP
import Testing

@Suite struct JSONLinesTests {
    private func lines(_ chunks: [[UInt8]], max: Int = 32) throws(JSONLineTooLong) -> [String] {
        var decoder = JSONLines(lineBytesMax: max)
        var found: [String] = []
        for chunk in chunks {
            decoder.push(chunk)
            while let line = try decoder.next() {
                found.append(String(decoding: line.bytes[line.data], as: UTF8.self))
            }
        }
        if let last = decoder.end() { found.append(String(decoding: last.bytes[last.data], as: UTF8.self)) }
        return found
    }

    @Test func `lines are the same wherever the stream is split, the last without its end too`() throws {
        let bytes = Array("{\"a\":\"é\"}\r\n\n  \n[1]\n{}".utf8)
        let expected = ["{\"a\":\"é\"}", "[1]", "{}"]
        for cut in 0...bytes.count {
            #expect(try lines([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected)
        }
        #expect(try lines(bytes.map { [$0] }) == expected)
    }

    @Test func `a line may be as long as its limit, and not a byte longer`() throws {
        let line = [UInt8](repeating: 0x31, count: 32)
        #expect(try lines([line + [0x0A]]).count == 1)
        #expect(try lines(line.map { [$0] }).count == 1)
        #expect(throws: JSONLineTooLong.self) { try lines([line + [0x31]]) }
        #expect(throws: JSONLineTooLong.self) { try lines((line + [0x31]).map { [$0] }) }
    }
}
