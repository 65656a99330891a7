/// Which module may import which: the house of the design, floor by floor. A new target needs a row here.
struct Floors {
    struct Room {
        let floor: Int
        /// Modules from outside the house that this room may use, besides `everywhere`.
        var outside: Set<String> = []
        /// The only siblings it may use.
        var siblings: Set<String> = []
    }

    static let everywhere: Set<String> = ["Glibc", "Synchronization"]
    static let clibraries: Set<String> = ["CLinux", "CMicrohttpd", "CCurl", "CZlib"]
    static let clibraryFloor = 3
    static let forTests = "SignalboxTesting"

    static let rooms: [String: Room] = [
        "SignalboxCore": Room(floor: 1),
        "SignalboxTelemetry": Room(floor: 2, outside: ["Logging", "CoreMetrics", "Tracing"]),
        "SignalboxHTTP": Room(floor: 3, outside: ["DequeModule"]),
        "SignalboxStore": Room(floor: 3, outside: ["GRDB", "GRDBSQLite"]),
        "SignalboxProviders": Room(floor: 4, outside: ["FoundationEssentials"]),
        "SignalboxRouting": Room(floor: 4, outside: ["DequeModule", "HeapModule"]),
        "SignalboxUsage": Room(floor: 4, outside: ["FoundationEssentials", "Crypto", "DequeModule"]),
        "SignalboxKeys": Room(
            floor: 4, outside: ["FoundationEssentials", "Crypto", "DequeModule", "HeapModule"]),
        "SignalboxRetrieval": Room(floor: 4),
        "SignalboxConfig": Room(floor: 5, outside: ["Foundation", "FoundationEssentials", "Yams"]),
        "Signalbox": Room(floor: 6, outside: ["FoundationEssentials"]),
        "SignalboxServer": Room(
            floor: 6, outside: ["FoundationEssentials", "Crypto"], siblings: ["Signalbox"]),
        // The demonstration's day: vendors, callers and a receiver around the daemon, not in it.
        "SignalboxDemo": Room(floor: 6),
        // Which allocator a process has is the program's choice, not a room's.
        "SignalboxCLI": Room(
            floor: 7, outside: ["ArgumentParser", "CMimalloc", "Foundation", "FoundationEssentials"]),
        // The fake vendors as a process: not shipped, and it uses the daemon's server, not the daemon.
        "SignalboxFakes": Room(floor: 7, outside: ["ArgumentParser"], siblings: [forTests]),
        // What is fed noise: not shipped, and it reaches every decoder from floor 1 to 6.
        "SignalboxFuzzing": Room(floor: 7, siblings: [forTests]),
        // Not on the stairs: it stands on floors 1 to 4, and only tests use it.
        forTests: Room(floor: 5, outside: ["Testing", "Foundation", "DequeModule"]),
    ]

    /// Programs that measure, simulate and fuzz; nothing stands on them but their tests.
    static let tool = Room(floor: 7, outside: ["Foundation", "HeapModule"], siblings: [simulation])
    static let simulation = "SignalboxSimulation"

    static let forTestTargets: Set<String> = ["Testing", "Foundation", "Dispatch", forTests]

    /// Every module that files of a target may import, or nil where no row says.
    static func allowed(in target: String, below folder: String) -> Set<String>? {
        switch folder {
        case "Sources": return rooms[target].map { allowed(in: $0, including: $0.siblings) }
        case "Benchmarks": return allowed(in: tool, including: tool.siblings)
        default: return allowedInTests(named: target)
        }
    }

    static func findings(in file: RepositoryFile) -> [Finding] {
        guard let text = file.swift, let target = file.target else { return [] }
        let folder = String(file.path.prefix { $0 != "/" })
        guard let allowed = allowed(in: target, below: folder) else {
            return [file.finding(1, "target \(target) stands on no floor", "Give it a row in Floors.swift")]
        }
        return imports(in: text).filter { !allowed.contains($0.module) && $0.module != target }.map {
            file.finding(
                $0.line, "\(target) may not import \($0.module)",
                "Put a protocol or closure on a lower floor and join them on floor 6, or change Floors.swift")
        }
    }

    /// Each `import`, whatever stands before the word or between it and the module's name.
    static func imports(in text: SwiftText) -> [(line: Int, module: String)] {
        let kinds: Set<Substring> = [
            "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
        ]
        return text.offsets(of: "import").compactMap { at in
            let rest = text.code[at...].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: ";") }
            let words = String(decoding: rest, as: UTF8.self).split(separator: " ").dropFirst()
            guard let path = words.first(where: { !kinds.contains($0) }) else { return nil }
            return (text.line(at: at), String(path.prefix { $0 != "." }))
        }
    }

    private static func allowed(in room: Room, including siblings: Set<String>) -> Set<String> {
        let below = rooms.filter { $0.value.floor < room.floor && $0.key != forTests }.keys
        let libraries = room.floor == clibraryFloor ? clibraries : []
        return everywhere.union(room.outside).union(below).union(siblings).union(libraries)
    }

    private static func allowedInTests(named target: String) -> Set<String>? {
        // The compiler's libFuzzer is no library of the daemon's.
        if target == "Fuzz" { return allowed(in: tool, including: ["SignalboxFuzzing", "CFuzzer"]) }
        guard target.hasSuffix("Tests") else { return nil }
        if target == "TidyTests" { return ["Testing", "Foundation"] }
        if target == simulation + "Tests" {
            return allowed(in: tool, including: tool.siblings.union(forTestTargets))
        }
        let subject = String(target.dropLast("Tests".count))
        guard let room = rooms[subject] else { return nil }
        return allowed(in: room, including: room.siblings).union(forTestTargets).union([subject])
    }
}
