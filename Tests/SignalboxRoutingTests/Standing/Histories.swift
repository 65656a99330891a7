import SignalboxCore
import Testing

/// A machine beside a model of it that is too simple to be wrong, and what may happen to both.
protocol History {
    associatedtype Step: CustomStringConvertible

    init(random: inout FastRandom)
    /// Something that may happen now.
    func step(random: inout FastRandom) -> Step
    /// Lets it happen to both; what was promised and is not so, if anything.
    mutating func play(_ step: Step) -> String?
    /// Once nothing more happens.
    mutating func end() -> String?
}

extension History {
    mutating func end() -> String? { nil }

    /// Plays random histories. The first promise that breaks is told with the seed of its history and the
    /// steps up to there: none shorter of that seed breaks one.
    static func play(seeds: ClosedRange<UInt64>, steps: Int) {
        for seed in seeds {
            var random = FastRandom(seed: seed)
            var history = Self(random: &random)
            var played: [Step] = []
            var broken: String?
            while broken == nil, played.count < steps {
                played.append(history.step(random: &random))
                broken = history.play(played[played.count - 1])
            }
            guard let broken = broken ?? history.end() else { continue }
            let story = played.map(\.description).joined(separator: "\n  ")
            Issue.record("seed \(seed), after \(played.count) steps: \(broken)\n  \(story)")
            return
        }
    }
}

extension FastRandom {
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func isOne(in chances: Int) -> Bool { below(chances) == 0 }

    /// From no time at all to hours, mostly around the widths that matter.
    mutating func pause() -> Duration {
        switch below(12) {
        case 0, 1: .zero
        case 2: .nanoseconds(1)
        case 3, 4, 5: .milliseconds(below(1_000))
        case 6, 7, 8: .milliseconds(below(6_000))
        case 9: .seconds(below(70))
        case 10: .seconds(55 + below(10))
        default: isOne(in: 8) ? .seconds(3_600 + below(10_000)) : .nanoseconds(below(2_000_000_000))
        }
    }
}

/// A second after the clock's start, in whose middle a slot begins.
let dawn = Instant(nanoseconds: 1_000_000_000)

func after(_ duration: Duration) -> Instant { dawn.advanced(by: duration) }
