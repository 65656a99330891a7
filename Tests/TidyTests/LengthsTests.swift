import Testing

@Suite struct LengthsTests {
    @Test func `files, functions and lines stay below the wall`() {
        let files = Repository.current.files
        for file in files where Lengths.overWanted(file) {
            print("note: \(file.path) has over \(Lengths.fileLinesWanted) lines; split it while it is easy")
        }
        expectNone(files.flatMap(Lengths.findings(in:)))
    }

    @Test func `a file of 401 lines is found, one of 400 is not`() {
        let long = RepositoryFile(path: "A.swift", String(repeating: "//\n", count: 401))
        #expect(Lengths.findings(in: long).map(\.line) == [401])
        let wall = RepositoryFile(path: "A.swift", String(repeating: "//\n", count: 400))
        #expect(Lengths.findings(in: wall).isEmpty)
        #expect(Lengths.overWanted(wall))
    }

    @Test func `a line of 111 columns is found, one of 110 characters is not`() {
        let wide = RepositoryFile(path: "a.py", "\n" + String(repeating: "x", count: 111))
        #expect(Lengths.findings(in: wide).map(\.line) == [2])
        let narrow = RepositoryFile(path: "A.swift", String(repeating: "é", count: 110))
        #expect(Lengths.findings(in: narrow).isEmpty)
    }

    @Test(arguments: [
        "func f() {", "init(a: Int = { 1 }()) {", "deinit {", "subscript(i: Int) -> Int {", "var a: Int {",
    ])
    func `a function of 71 lines is found, one of 70 is not`(opening: String) {
        func sample(_ body: Int) -> RepositoryFile {
            RepositoryFile(
                path: "A.swift", opening + "\n" + String(repeating: "    // }\n", count: body) + "}\n")
        }
        #expect(Lengths.findings(in: sample(69)).map(\.line) == [1])
        #expect(Lengths.findings(in: sample(68)).isEmpty)
    }

    @Test func `a function ends at its own brace and a requirement has no body`() {
        let lines = """
            protocol P {
                func required() -> Int
                init(from: Int)
            }
            func outer<T>(
                a: T
            ) -> Int
            where T: P {
                func inner() { }
                return .init(a)
            }
            """
        let found = Lengths.functions(in: SwiftText(Array(lines.utf8)))
        #expect(found.map(\.line) == [5, 9])
        #expect(found.map(\.lines) == [7, 1])
    }
}
