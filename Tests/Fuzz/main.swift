// Looks for inputs that break a promise: signalbox-fuzz TARGET|all [seconds [seed]]. Exits 1 with the input
// in hex. A crash leaves the seed on standard error where SIGNALBOX_FUZZ_TRACE is set.
import Foundation
import SignalboxProviders
import SignalboxTesting

let arguments = CommandLine.arguments
let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")
let targets =
    arguments.count < 2
    ? []
    : arguments[1] == "all" ? FuzzTarget.allCases : [FuzzTarget(rawValue: arguments[1])].compactMap(\.self)
guard !targets.isEmpty else {
    print("usage: signalbox-fuzz all|\(names) [seconds [seed]]")
    exit(2)
}
let seconds = arguments.count > 2 ? Double(arguments[2]) ?? 60 : 60
let firstSeed = arguments.count > 3 ? UInt64(arguments[3]) ?? 1 : 1
let isTraced = ProcessInfo.processInfo.environment["SIGNALBOX_FUZZ_TRACE"] != nil

for kind in FuzzTarget.kindsLeftOut {
    print("LEFT OUT: providers of kind \(kind.rawValue) have no adapter yet")
}
for target in targets {
    let end = Date().addingTimeInterval(seconds)
    var seed = firstSeed
    while Date() < end {
        if isTraced { FileHandle.standardError.write(Data("\(target.rawValue) \(seed)\n".utf8)) }
        if let violation = target.violation(seed: seed) {
            print("\(target.rawValue), seed \(seed): \(violation)")
            exit(1)
        }
        seed &+= 1
    }
    print("\(target.rawValue): \(seed &- firstSeed) inputs from seed \(firstSeed), every promise kept")
}
