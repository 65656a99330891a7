// Hours of traffic for every strategy, as a table: signalbox-simulate [hours] [requests per second] [seed]
import Foundation
import SignalboxRouting
import SignalboxSimulation

let arguments = CommandLine.arguments.dropFirst().map { Double($0) }
guard arguments.count <= 3, !arguments.contains(nil) else {
    print("usage: signalbox-simulate [hours] [requests per second] [seed]")
    exit(2)
}
let numbers = arguments.compactMap(\.self)
let hours = numbers.first ?? 2
let rate = numbers.dropFirst().first ?? 9
let seed = UInt64(numbers.dropFirst(2).first ?? 1)

func cell(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

let providers = SimulatedProvider.ten
print("\(hours) h, \(rate) requests/s on average, seed \(seed), \(providers.count) providers")
print()
print("| strategy        | answered | exhausted | wasted attempts |    429s | mean s |  p95 s |")
print("|-----------------|---------:|----------:|----------------:|--------:|-------:|-------:|")
var tallies: [(strategy: Strategy, tally: Tally)] = []
for strategy in Strategy.allCases {
    let tally = Simulation.run(
        strategy, duration: .seconds(Int64(hours * 3_600)), requestsPerSecond: rate, seed: seed)
    tallies.append((strategy, tally))
    let cells = [
        strategy.rawValue.padding(toLength: 15, withPad: " ", startingAt: 0),
        cell(percent(tally.successRate), 8),
        cell(percent(Double(tally.exhausted) / Double(tally.requests)), 9),
        cell(percent(Double(tally.wasted) / Double(tally.attempts)), 15), cell("\(tally.rateLimits)", 7),
        cell(String(format: "%.2f", tally.latencyMean / .seconds(1)), 6),
        cell(String(format: "%.2f", tally.latency(quantile: 0.95) / .seconds(1)), 6),
    ]
    print("| \(cells.joined(separator: " | ")) |")
}

/// One row a strategy, one column a provider.
@MainActor func printByProvider(_ title: String, _ figure: (Tally, Int) -> String) {
    print()
    print("| \(title) | \(providers.map(\.name).joined(separator: " | ")) |")
    print("|---|\(providers.map { _ in "---:|" }.joined())")
    for (strategy, tally) in tallies {
        let cells = providers.indices.map { figure(tally, $0) }
        print("| \(strategy.rawValue) | \(cells.joined(separator: " | ")) |")
    }
}

printByProvider("answers, %") { tally, provider in
    String(format: "%.0f", 100 * Double(tally.answers[provider]) / Double(max(1, tally.answered)))
}
printByProvider("429s") { tally, provider in "\(tally.limited[provider])" }

let limits = Dictionary(uniqueKeysWithValues: tallies.map { ($0.strategy, $0.tally.rateLimits) })
guard let adaptive = limits[.adaptive], let turns = limits[.roundRobin], adaptive < turns else {
    print("\nadaptive met no fewer 429s than round-robin")
    exit(1)
}
