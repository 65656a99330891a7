import Glibc
import SignalboxCore

/// What a record's bytes cost, alone.
enum Rendering {
    /// In microseconds of one core.
    static func measure() -> Double {
        var random = FastRandom()
        let record = SampleRecord.make(tenant: "tenant-7", random: &random)
        let count = 200_000
        var bytes: [UInt8] = []
        var length = 0
        let began = clock()
        for sequence in 0..<count {
            bytes.removeAll(keepingCapacity: true)
            record.appendJSON(sequence: Int64(sequence), to: &bytes)
            length += bytes.count
        }
        let elapsed = Double(clock() - began) / Double(CLOCKS_PER_SEC)
        precondition(length > count, "nothing was rendered")
        return elapsed / Double(count) * 1e6
    }
}
