import Foundation
import Glibc
import SignalboxFuzzing

/// Inputs made of one seed after the other, where there is no libFuzzer. The seed in use is written to
/// standard error whenever a promise breaks, and to `SIGNALBOX_FUZZ_SEED`, a file, before each input: it is
/// all that a crash leaves behind.
struct SeedLoop {
    private let target: FuzzTarget
    private let seconds: Double
    private let firstSeed: UInt64

    /// Nil for numbers that are none.
    init?(_ target: FuzzTarget, seconds: String, seed: String) {
        guard let seconds = Double(seconds), seconds > 0, let seed = UInt64(seed) else { return nil }
        self.target = target
        self.seconds = seconds
        firstSeed = seed
    }

    func run() -> Int32 {
        let trace = ProcessInfo.processInfo.environment["SIGNALBOX_FUZZ_SEED"].map {
            open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        }
        let begin = ContinuousClock.now
        let end = begin + .seconds(seconds)
        var seed = firstSeed
        while ContinuousClock.now < end {
            if let trace { note(seed, in: trace) }
            if let violation = target.violation(seed: seed) {
                say("\(target.name), seed \(seed): broken promise: \(violation.promise)")
                return 1
            }
            seed &+= 1
        }
        let elapsed = (ContinuousClock.now - begin) / .seconds(1)
        let count = seed &- firstSeed
        print("stat::number_of_executed_units: \(count)")
        print("stat::average_exec_per_sec: \(Int(Double(count) / elapsed))")
        return 0
    }

    /// Twenty digits, so that each covers the one before.
    private func note(_ seed: UInt64, in descriptor: Int32) {
        let digits = String(seed)
        let line = String(repeating: "0", count: 20 - digits.count) + digits + "\n"
        guard pwrite(descriptor, line, 21, 0) == 21 else { return say("the seed cannot be noted") }
    }
}
