import CFuzzer
import Glibc
import SignalboxFuzzing
import Synchronization

/// libFuzzer, which grows inputs by the branches that they reach.
enum GuidedRun {
    /// Set once before libFuzzer starts: its callback has no place for anything of ours.
    private static let subject = Mutex<FuzzTarget?>(nil)

    static func run(_ target: FuzzTarget, options: [String]) -> Int32 {
        guard signalbox_has_fuzzer() else {
            say("this program was linked without libFuzzer")
            return 2
        }
        subject.withLock { $0 = target }
        let arguments = [CommandLine.arguments[0]] + options
        var pointers = arguments.map { strdup($0) } + [nil]
        var count = Int32(arguments.count)
        return pointers.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            return withUnsafeMutablePointer(to: &start) { place in
                place.withMemoryRebound(
                    to: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?.self, capacity: 1
                ) { signalbox_fuzz(&count, $0, fuzzerCalls) }
            }
        }
    }

    fileprivate static func check(_ input: [UInt8]) {
        guard let violation = subject.withLock({ $0 })?.violation(of: input) else { return }
        say("\(subject.withLock { $0?.name ?? "" }): broken promise: \(violation.promise)")
        // What libFuzzer takes for a crash, and keeps the input of.
        abort()
    }
}

private func fuzzerCalls(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    GuidedRun.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
