/// What STYLE forbids in code, rule by rule. Each rule names its remedy.
enum Bans {
    private struct Ban {
        let tokens: [String]
        let problem: String
        let remedy: String
        var applies: @Sendable (RepositoryFile) -> Bool = { _ in true }
    }

    private static let tokens: [Ban] = [
        Ban(
            tokens: ["try!"], problem: "try! turns what the world does wrong into a crash",
            remedy: "Throw, or catch"),
        Ban(
            tokens: ["as!"], problem: "as! crashes on a wrong guess",
            remedy: "Use as? and guard, or a type that cannot lie"),
        Ban(
            tokens: ["fatalError("], problem: "fatalError outside SignalboxCLI",
            remedy: "Throw for the world's mistakes, precondition for ours",
            applies: { $0.target != "SignalboxCLI" }),
        Ban(
            tokens: ["usleep(", "nanosleep("], problem: "a test that sleeps is slow and still flaky",
            remedy: "Wait for the event itself, or drive a manual clock", applies: { $0.isTest }),
        Ban(
            tokens: ["Task.sleep", "Thread.sleep"], problem: "a test that sleeps is slow and still flaky",
            remedy: "Wait for the event itself, or drive a manual clock",
            applies: { $0.path.hasPrefix("Tests/SignalboxHTTPTests/EventLoop/") }),
        Ban(
            tokens: ["sleep("], problem: "a test that sleeps is slow and still flaky",
            remedy: "Wait for the event itself, or drive a manual clock",
            // There the loop's own sleep is what is tested.
            applies: { $0.isTest && !$0.path.hasPrefix("Tests/SignalboxHTTPTests/EventLoop/") }),
    ]

    static func findings(in file: RepositoryFile) -> [Finding] {
        var findings = badName(file) + sleepsInPython(file)
        guard let text = file.swift else { return findings }
        for ban in tokens where ban.applies(file) {
            let lines = Set(ban.tokens.flatMap { text.offsets(of: $0).map(text.line(at:)) })
            findings += lines.sorted().map { file.finding($0, ban.problem, ban.remedy) }
        }
        return findings + emptyCatches(in: file, text) + ownerlessTasks(in: file, text)
            + unexplained(in: file, text)
            + FailureSwitches.findings(in: file)
    }

    private static func badName(_ file: RepositoryFile) -> [Finding] {
        guard let word = ["Utils", "Helpers", "Manager"].first(where: file.name.contains) else { return [] }
        return [file.finding(1, "a file named …\(word)…", "Name the noun that lives in it")]
    }

    private static func sleepsInPython(_ file: RepositoryFile) -> [Finding] {
        guard file.isTest, file.path.hasSuffix(".py") else { return [] }
        let call = "time.sleep("
        return file.lines.enumerated().filter { $0.element.contains(call) }.map {
            file.finding(
                $0.offset + 1, "a test that sleeps is slow and still flaky", "Wait for the event itself")
        }
    }

    private static func emptyCatches(in file: RepositoryFile, _ text: SwiftText) -> [Finding] {
        text.offsets(of: "catch").compactMap { at in
            guard let open = text.code[at...].firstIndex(of: UInt8(ascii: "{")) else { return nil }
            let body = text.code[(open + 1)...].drop(while: isSpace)
            guard body.first == UInt8(ascii: "}") else { return nil }
            return file.finding(
                text.line(at: at), "an empty catch hides a failure", "Handle it, or report it as an event")
        }
    }

    /// A task that nobody keeps cannot be awaited or cancelled.
    private static func ownerlessTasks(in file: RepositoryFile, _ text: SwiftText) -> [Finding] {
        guard !file.isTest else { return [] }
        return text.offsets(of: "Task").compactMap { at in
            let rest = String(decoding: text.code[at...].prefix(16), as: UTF8.self)
            guard
                ["Task {", "Task(", "Task<", "Task.detached", "Task.immediate"].contains(
                    where: rest.hasPrefix)
            else { return nil }
            let line = text.code[..<at].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            let before = String(decoding: text.code[line..<at], as: UTF8.self).filter { $0 != " " }
            guard before.isEmpty ? !isValue(at, text.code) : before == "_=" else { return nil }
            return file.finding(
                text.line(at: at), "a Task without an owner", "Keep it, then await or cancel it")
        }
    }

    /// Whether the line above takes what follows: it leaves an expression open, or promises to return a task.
    private static func isValue(_ offset: Int, _ code: [UInt8]) -> Bool {
        guard let last = code[..<offset].lastIndex(where: { !isSpace($0) }) else { return false }
        let above = code[...last].split(separator: UInt8(ascii: "\n")).last ?? []
        let line = String(decoding: above, as: UTF8.self)
        if line.hasSuffix("{") && line.contains("-> Task<") { return true }
        return "=(,[:?".utf8.contains(code[last])
            || String(decoding: code[...last].suffix(6), as: UTF8.self) == "return"
    }

    /// A promise that the compiler does not check says what keeps it, on the line or right above.
    private static func unexplained(in file: RepositoryFile, _ text: SwiftText) -> [Finding] {
        let tokens = ["@unchecked Sendable", "nonisolated(unsafe)"]
        let promises = Set(tokens.flatMap { text.offsets(of: $0).map(text.line(at:)) })
        let comments = Set(text.comments.map(\.line))
        let code = text.codeLines
        return promises.sorted().filter { promise in
            var line = promise
            while !comments.contains(line) && line > 1 {
                line -= 1
                let above = code[line - 1].filter { $0 != " " }
                guard comments.contains(line) || promises.contains(line) || above.hasPrefix("@") else {
                    return true
                }
            }
            return !comments.contains(line)
        }
        .map {
            file.finding(
                $0, "an unchecked promise without a reason", "Say in a comment which thread or lock keeps it")
        }
    }
}
