import CFuzzer
import Foundation
import Glibc
import SignalboxFuzzing

func misused() -> Int32 {
    say(usage)
    return 2
}

func leave(with status: Int32) -> Never {
    exit(status)
}

/// On standard error.
func say(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}

enum Listing {
    static func targets() -> Int32 {
        for kind in FuzzTarget.kindsLeftOut { say("LEFT OUT: providers of kind \(kind) have no adapter yet") }
        print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
        return 0
    }

    static func engine() -> Int32 {
        print(signalbox_has_fuzzer() ? "libfuzzer" : "loop")
        return 0
    }
}

enum Replay {
    static func run(_ target: FuzzTarget, file: String) -> Int32 {
        guard let data = FileManager.default.contents(atPath: file) else {
            say("\(file) cannot be read")
            return 2
        }
        guard let violation = target.violation(of: Array(data)) else {
            print("\(target.name): every promise kept")
            return 0
        }
        print("\(target.name): broken promise: \(violation.promise)")
        return 1
    }
}

enum Samples {
    /// As many as a corpus begins with.
    private static let count: UInt64 = 64

    static func write(_ target: FuzzTarget, into folder: String) -> Int32 {
        let folder = URL(fileURLWithPath: folder)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for seed in 1...count {
                let file = folder.appendingPathComponent("sample-\(seed)")
                try Data(target.sample(seed: seed)).write(to: file)
            }
            try Data(target.dictionary.utf8).write(to: folder.appendingPathExtension("words"))
            return 0
        } catch {
            say("samples cannot be written: \(error)")
            return 2
        }
    }

    static func print(_ target: FuzzTarget, seed: String) -> Int32? {
        guard let seed = UInt64(seed) else { return nil }
        FileHandle.standardOutput.write(Data(target.input(seed: seed)))
        return 0
    }
}
