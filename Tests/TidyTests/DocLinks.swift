/// Every link of a document to a file of the repository leads somewhere.
enum DocLinks {
    static func findings(in file: RepositoryFile, exists: (String) -> Bool) -> [Finding] {
        guard file.path.hasSuffix(".md") else { return [] }
        var fenced = false
        var findings: [Finding] = []
        for (offset, line) in file.lines.enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { fenced.toggle() }
            guard !fenced else { continue }
            for target in targets(in: line) where !exists(path(of: target, from: file.path)) {
                findings.append(
                    file.finding(
                        offset + 1, "a link to \(target) leads nowhere", "Correct it, or add the file"))
            }
        }
        return findings
    }

    /// What stands in `](…)`, without links to other hosts and to the page itself.
    private static func targets(in line: Substring) -> [Substring] {
        line.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap { rest in
            let target = rest.prefix { $0 != ")" && $0 != " " && $0 != "#" }
            return target.isEmpty || target.contains(":") ? nil : target
        }
    }

    private static func path(of target: Substring, from document: String) -> String {
        guard !target.hasPrefix("/") else { return String(target.dropFirst()) }
        var parts = document.split(separator: "/").dropLast()
        for step in target.split(separator: "/") where step != "." {
            if step == ".." { parts = parts.dropLast() } else { parts.append(step) }
        }
        return parts.joined(separator: "/")
    }
}
