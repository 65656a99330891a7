/// A text file of the repository, named by its path from the root.
struct RepositoryFile {
    let path: String
    let bytes: [UInt8]
    /// What the rules on Swift read; nil for any other file.
    let swift: SwiftText?

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        self.swift = path.hasSuffix(".swift") ? SwiftText(bytes) : nil
    }

    /// A sample, for the tests of the rules themselves.
    init(path: String, _ text: String) {
        self.init(path: path, bytes: Array(text.utf8))
    }

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    var lines: [Substring] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }

    var isTest: Bool { path.hasPrefix("Tests/") }

    /// The module a file belongs to: the folder below `Sources`, `Tests` or `Benchmarks`.
    var target: String? {
        let parts = path.split(separator: "/")
        guard parts.count > 2, ["Sources", "Tests", "Benchmarks"].contains(String(parts[0])) else {
            return nil
        }
        return String(parts[1])
    }

    func finding(_ line: Int, _ problem: String, _ remedy: String) -> Finding {
        Finding(path: path, line: line, problem: problem, remedy: remedy)
    }
}
