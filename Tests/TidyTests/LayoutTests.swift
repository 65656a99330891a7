import Foundation
import Testing

@Suite struct LayoutTests {
    private static let findingsShown = 20

    @Test func `every Swift file is laid out as .swift-format says`() throws {
        let root = Repository.current.root
        let places = ["Sources", "Tests", "Benchmarks", "Package.swift"].filter(Repository.current.exists)
        let result = try Self.lint(places, in: root)
        let findings = result.output.split(separator: "\n")
        let shown = findings.prefix(Self.findingsShown).joined(separator: "\n")
        #expect(
            result.status == 0, "\(findings.count) findings. Run `make format`. The first of them:\n\(shown)")
    }

    @Test func `a file out of layout is found`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tidy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let rules = Repository.current.root.appending(path: ".swift-format")
        try FileManager.default.copyItem(at: rules, to: folder.appending(path: ".swift-format"))
        try Data("func a( ) {\n  let b = 1;\n}\n".utf8).write(to: folder.appending(path: "A.swift"))
        #expect(try Self.lint(["A.swift"], in: folder).status != 0)
    }

    private static func lint(_ places: [String], in folder: URL) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["swift", "format", "lint", "--strict", "--recursive", "--parallel"] + places
        process.currentDirectoryURL = folder
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
