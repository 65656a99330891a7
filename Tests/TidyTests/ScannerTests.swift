import Testing

@Suite struct ScannerTests {
    @Test func `comments, nested comments and strings are not code`() {
        let text = SwiftText(Array("let a = \"try!\" // try!\n/* try! /* { */ } */ let b = 1\n".utf8))
        #expect(text.offsets(of: "try!").isEmpty)
        #expect(text.offsets(of: "let").count == 2)
        #expect(!text.code.contains(UInt8(ascii: "{")))
        #expect(text.literals.map(\.text) == ["try!"])
    }

    @Test func `an interpolation is code, the string around it is not`() {
        let text = SwiftText(Array(#"let a = "x\(f("y)", try! g()))z try!""#.utf8))
        #expect(text.offsets(of: "try!").count == 1)
        #expect(text.literals.map(\.text) == ["y)", "x z try!"])
    }

    @Test func `raw and multi-line strings end where they end`() {
        let text = SwiftText(
            Array("let a = #\"\\\"# + \"\"\"\n  \" { as! \\(b)\n  \"\"\"\nlet c = try! d\n".utf8))
        #expect(text.offsets(of: "as!").isEmpty)
        #expect(text.offsets(of: "try!").map(text.line(at:)) == [4])
        #expect(text.literals.contains(SwiftText.Piece(line: 2, text: "  \" { as!  ")))
    }

    @Test func `a quote in a regex or in a name opens no string`() {
        let text = SwiftText(
            Array("let r = /\"/\nfunc `it's a \"name\"`() { try! f() }\nlet q = a / b\n".utf8))
        #expect(text.offsets(of: "try!").map(text.line(at:)) == [2])
        #expect(text.offsets(of: "b").count == 1)
        #expect(text.literals.isEmpty)
    }

    @Test func `a token inside a longer word is not that token`() {
        let text = SwiftText(Array("retry!.entry; defaulted: 1".utf8))
        #expect(text.offsets(of: "try!").isEmpty)
        #expect(text.offsets(of: "default").isEmpty)
    }

    @Test func `a comment and a literal know their lines`() {
        let text = SwiftText(Array("let a = 1\n// why\n/* one\ntwo */\n".utf8))
        #expect(text.comments.map(\.line) == [2, 3, 4])
    }
}
