import SignalboxCore
import Testing

struct CSVTests {
    /// Read in pieces of `piece` bytes.
    private func rows(_ bytes: [UInt8], piece: Int = 7) throws -> [[String]] {
        var rows: [[String]] = []
        var reader = CSVReader()
        var rest = bytes[...]
        while !rest.isEmpty {
            try reader.read(Array(rest.prefix(piece))) { rows.append($0.fields) }
            rest = rest.dropFirst(piece)
        }
        try reader.finish { rows.append($0.fields) }
        return rows
    }

    private func rows(_ text: String, piece: Int = 7) throws -> [[String]] {
        try rows(Array(text.utf8), piece: piece)
    }

    @Test func `fields that need quotes get them, and rows end in CRLF`() {
        var bytes: [UInt8] = []
        CSVText.append(row: ["plain", "a,b", "say \"yes\"", "two\nlines", ""], to: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self) == "plain,\"a,b\",\"say \"\"yes\"\"\",\"two\nlines\",\r\n")
    }

    @Test(arguments: [1, 2, 3, 64])
    func `quotes, line ends of any kind and a byte order mark are read`(piece: Int) throws {
        let text = "\u{FEFF}day,\"a \"\"b\"\"\",c\r\n1,\"x\r\ny\",\n\n2,,3\r4"
        #expect(
            try rows(text, piece: piece) == [
                ["day", "a \"b\"", "c"], ["1", "x\r\ny", ""], ["2", "", "3"], ["4"],
            ])
    }

    @Test func `the first line says what stands between fields`() throws {
        #expect(try rows("a;b;\"c,d,e,f\"\n1,5;2;3") == [["a", "b", "c,d,e,f"], ["1,5", "2", "3"]])
        #expect(try rows("a\tb\n1\t2,3") == [["a", "b"], ["1", "2,3"]])
        #expect(try rows("alone\n1") == [["alone"], ["1"]])
    }

    @Test func `a row knows its line, over rows of several lines too`() throws {
        var lines: [Int] = []
        var reader = CSVReader()
        try reader.read(Array("a\r\n\"b\nc\"\r\nd\n\ne".utf8)) { lines.append($0.line) }
        try reader.finish { lines.append($0.line) }
        #expect(lines == [1, 2, 4, 6])
    }

    @Test(arguments: [
        ("a,\"b", "line 1: a quotation mark is opened"), ("a\n\"b\"c", "line 2: something follows"),
        ("a\nb\"c", "line 2: there is a quotation mark inside"),
        ("a\u{0}b\n", "line 1: there is a zero byte"),
    ])
    func `what is no such file is refused with its line`(text: String, message: String) throws {
        let failure = #expect(throws: CSVReader.Failure.self) { try rows(text) }
        #expect(failure?.description.hasPrefix(message) == true)
    }

    @Test func `bytes that are no UTF-8 are refused`() throws {
        #expect(throws: CSVReader.Failure.self) { try rows([0x61, 0x2C, 0xC3, 0x28, 0x0A]) }
        let failure = #expect(throws: CSVReader.Failure.self) { try rows([0xFF, 0xFE, 0x61, 0x00]) }
        #expect(failure?.problem.contains("UTF-16") == true)
    }

    @Test func `a row has its limits`() throws {
        let long = [UInt8](repeating: 0x61, count: CSVReader.rowBytesMax + 1)
        #expect(throws: CSVReader.Failure.self) { try rows(long, piece: 1 << 16) }
        #expect(throws: CSVReader.Failure.self) { try rows([0x61, 0x0A, 0x22] + long, piece: 1 << 16) }
        let many = [UInt8](repeating: 0x2C, count: CSVReader.fieldsMax)
        #expect(throws: CSVReader.Failure.self) { try rows(many) }
    }

    @Test(arguments: 1...200)
    func `what is written is read again, however it is cut`(seed: UInt64) throws {
        var random = FastRandom(seed: seed)
        let pieces = ["a", "\"", ",", ";", "\t", "\r", "\n", "\r\n", " ", "é", "=1", "😀", ""]
        var written: [[String]] = [["h1", "h2", "h3"]]
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let row = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    pieces.randomElement(using: &random) ?? ""
                }
                .joined()
            }
            // An empty line is no row.
            if row != [""] { written.append(row) }
        }
        var bytes: [UInt8] = []
        for row in written { CSVText.append(row: row, to: &bytes) }
        #expect(try rows(bytes, piece: Int.random(in: 1...40, using: &random)) == written)
    }

    @Test(arguments: 1...300)
    func `noise ends in rows or in a failure`(seed: UInt64) {
        var random = FastRandom(seed: seed)
        let alphabet = Array("ab\",;\t\r\n\u{FEFF}é".utf8) + [0, 0xFF, 0xFE, 0xC3]
        let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
            alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
        }
        do {
            let whole = try rows(bytes, piece: 1_000)
            #expect(try rows(bytes, piece: 1) == whole)
        } catch {
            #expect(throws: CSVReader.Failure.self) { try rows(bytes, piece: 1) }
        }
    }

    @Test(arguments: ["=1+1", "+1", "-1", "@sum", "\tx"])
    func `a text like a formula is made harmless`(text: String) {
        #expect(CSVText.disarmed(text) == "'" + text)
        #expect(CSVText.disarmed("x" + text) == "x" + text)
    }
}
