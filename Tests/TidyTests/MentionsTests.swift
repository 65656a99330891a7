import Testing

@Suite struct MentionsTests {
    @Test func `no file holds a note to oneself or a path of one machine`() {
        expectNone(Repository.current.files.flatMap(Mentions.findings(in:)))
    }

    @Test(arguments: [
        "// TO" + "DO: later", "# FIX" + "ME", "cd /wo" + "rk/main", "(/ro" + "ot/.cache", "\"/tm" + "p/w\"",
    ])
    func `a mention is found`(line: String) {
        #expect(Mentions.findings(in: RepositoryFile(path: "a.md", "one\n" + line)).map(\.line) == [2])
    }

    @Test func `a longer word is not a mention`() {
        let text = "mktemp XX" + "XXXX; net" + "/wo" + "rk/; the Mas" + "TO" + "DON"
        expectNone(Mentions.findings(in: RepositoryFile(path: "a.md", text)))
    }
}
