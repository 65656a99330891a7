import Testing

@Suite struct BansTests {
    @Test func `nothing that STYLE bans is in the code`() {
        expectNone(Repository.current.files.flatMap(Bans.findings(in:)))
    }

    @Test(arguments: [
        ("Sources/A/A.swift", "let a = try! f()"),
        ("Sources/A/A.swift", "let a = b as! C"),
        ("Sources/A/A.swift", "do { try f() } catch { }"),
        ("Sources/A/A.swift", "do { try f() } catch let e as E {\n    // nothing to do\n}"),
        ("Sources/A/A.swift", "fatalError(\"no\")"),
        ("Sources/A/ByteUtils.swift", ""),
        ("Sources/A/KeyManager.swift", ""),
        ("Sources/A/A.swift", "    Task { await f() }"),
        ("Sources/A/A.swift", "let a = 1\nTask.detached { await f() }"),
        ("Sources/A/A.swift", "_ = Task { await f() }"),
        ("Sources/A/A.swift", "\nfinal class A: @unchecked Sendable {}"),
        ("Sources/A/A.swift", "let other = 1 // about the other\n\nnonisolated(unsafe) var a = 1"),
        ("Sources/A/A.swift", "switch failure.kind {\ncase .a: 1\ndefault: 2\n}"),
        ("Sources/A/KeyFailure.swift", "switch self {\ncase .a: switch x { case .b: 1 }\ndefault: 2\n}"),
        ("Tests/ATests/A.swift", "try await Task.sleep(for: .seconds(1))"),
        ("Tests/ATests/A.swift", "usleep(5)"),
        ("Tests/EndToEnd/test_a.py", "time.sleep(1)"),
    ])
    func `a banned construct is found`(path: String, lines: String) {
        #expect(Bans.findings(in: RepositoryFile(path: path, lines)).count == 1)
    }

    @Test(arguments: [
        ("Sources/A/A.swift", "let a = \"try! as! fatalError(\" // try! as!"),
        ("Sources/A/A.swift", "do { try f() } catch { report(error) }"),
        ("Sources/SignalboxCLI/A.swift", "fatalError(\"no\")"),
        ("Sources/A/A.swift", "let task = Task { await f() }"),
        ("Sources/A/A.swift", "owner.keep(\n    Task { await f() })"),
        ("Sources/A/A.swift", "func f(_ g: Task<Void, Never>) {}"),
        ("Sources/A/A.swift", "func f() -> Task<Void, Never> {\n    Task { await g() }\n}"),
        (
            "Sources/A/A.swift",
            "// The loop's thread alone touches it.\n@frozen\nfinal class A: @unchecked Sendable {}"
        ),
        (
            "Sources/A/A.swift",
            "nonisolated(unsafe) var a = 1 // set before any thread\nnonisolated(unsafe) var b = 1"
        ),
        ("Sources/A/A.swift", "switch state {\ncase .a: 1\ndefault: 2\n}"),
        ("Sources/A/A.swift", "switch node.kind {\ncase \"openai\": 1\ndefault: 2\n}"),
        ("Sources/A/KeyFailure.swift", "switch status {\ncase 400..<500: 1\ndefault: 2\n}"),
        (
            "Sources/A/AFailure.swift",
            "switch self {\ncase .a: switch byte { case 1: 1; default: 2 }\ncase .b: 2\n}"
        ),
    ])
    func `what only looks banned passes`(path: String, lines: String) {
        expectNone(Bans.findings(in: RepositoryFile(path: path, lines)))
    }
}
