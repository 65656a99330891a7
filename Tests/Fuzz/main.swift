// Looks for inputs that break a promise: signalbox-fuzz json|sse [seconds] [seed]. Exits 1 with the input in
// hex.
import Foundation

let arguments = CommandLine.arguments
guard arguments.count >= 2, let target = FuzzTarget(rawValue: arguments[1]) else {
    print("usage: signalbox-fuzz json|sse [seconds] [seed]")
    exit(2)
}
let seconds = arguments.count > 2 ? Double(arguments[2]) ?? 10 : 10
let firstSeed = arguments.count > 3 ? UInt64(arguments[3]) ?? 1 : 1

let end = Date().addingTimeInterval(seconds)
var seed = firstSeed
while Date() < end {
    if let violation = target.violation(seed: seed) {
        let hex = violation.input.map { String(format: "%02x", $0) }.joined()
        print("\(target.rawValue), seed \(seed): \(violation.promise)\n\(hex)")
        exit(1)
    }
    seed += 1
}
print("\(target.rawValue): \(seed - firstSeed) inputs from seed \(firstSeed), every promise kept")
