import Glibc
import SignalboxCore
import SignalboxStore

// signalbox-bench-store [seconds for each row [directory [appenders]]]: how fast records become durable.

let arguments = Array(CommandLine.arguments.dropFirst())
let seconds = arguments.first.flatMap(Double.init) ?? 3
let place = arguments.dropFirst().first ?? "/tmp/signalbox-bench-store-\(getpid())"
let rows = [(1, 1), (8, 1), (32, 1), (128, 1), (512, 1), (512, 1_000)]
let wanted = arguments.dropFirst(2).first.flatMap(Int.init)

print("a record's JSON: \(Int(Rendering.measure() * 1e3)) ns")
print("records of 700 bytes, one in flight for each appender, \(seconds) s a row, in \(place)")
print("appenders   tenants   records/s   CPU µs/record   wait p50 ms   p99 ms   records/commit")
for (appenders, tenants) in rows where wanted == nil || appenders == wanted {
    let run = AppendRun(appenders: appenders, tenants: tenants, seconds: seconds, directory: place)
    print(try await run.measure())
}
if wanted == nil {
    for endpoints in [1, 1_000] {
        let run = BacklogRun(records: 1_000_000, endpoints: endpoints, directory: place)
        print(try await run.measure())
    }
}
try StoreDirectory.remove(place)
