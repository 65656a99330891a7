import Testing

@Suite struct DocLinksTests {
    @Test func `every link between documents leads somewhere`() {
        let repository = Repository.current
        expectNone(repository.files.flatMap { DocLinks.findings(in: $0, exists: repository.exists) })
    }

    @Test func `a link that leads nowhere is found, whichever folder it starts from`() {
        let there: Set<String> = ["docs/b.md", "README.md"]
        let text = """
            [b](b.md) [b](./b.md#part "title") [up](../README.md) [self](#part) [far](https://example.com/x)
            [c](c.md) and ![d](../d.png)
            ```
            [e](e.md)
            ```
            """
        let findings = DocLinks.findings(in: RepositoryFile(path: "docs/a.md", text), exists: there.contains)
        #expect(findings.map(\.line) == [2, 2])
    }
}
