import Foundation

/// Every text file that a rule may want to read. Build products and local state are left out.
struct Repository {
    let root: URL
    let files: [RepositoryFile]

    static let current = Repository(root: URL(filePath: #filePath).appending(path: "../../..").standardized)

    private static let passedOver: Set<String> = [
        ".git", ".build", ".venv", "__pycache__", ".pytest_cache", "data", "node_modules",
    ]
    private static let extensions: Set<String> = [
        "swift", "h", "c", "modulemap", "py", "sh", "lua", "md", "json", "yaml", "yml", "txt", "conf", "toml",
    ]
    private static let names: Set<String> = [
        "Makefile", "Dockerfile", "run", ".dockerignore", ".gitignore", ".swift-format",
    ]

    init(root: URL) {
        self.root = root
        let paths = Self.paths(below: root)
        self.files = paths.compactMap { path in
            guard let data = try? Data(contentsOf: root.appending(path: path)) else { return nil }
            return RepositoryFile(path: path, bytes: Array(data))
        }
    }

    var swiftFiles: [RepositoryFile] { files.filter { $0.swift != nil } }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path(percentEncoded: false))
    }

    private static func paths(below root: URL) -> [String] {
        let walk = FileManager.default.enumerator(atPath: root.path(percentEncoded: false))
        var paths: [String] = []
        while let path = walk?.nextObject() as? String {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            if passedOver.contains(name) {
                walk?.skipDescendants()
                continue
            }
            let suffix = name.split(separator: ".").last.map(String.init) ?? ""
            guard names.contains(name) || extensions.contains(suffix), name != "Package.resolved" else {
                continue
            }
            paths.append(path)
        }
        return paths.sorted()
    }
}
