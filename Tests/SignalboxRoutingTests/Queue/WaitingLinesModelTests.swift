import SignalboxCore
import SignalboxRouting
import Testing

/// The lines beside a sorted array that does the same in the plainest way.
struct WaitingLinesModelTests {
    private struct Model {
        struct Waiter {
            var id: WaiterID
            var order: Instant
            var priority: RequestPriority
            var providers: [Int]
        }

        /// By order, equals as they came.
        var waiters: [Waiter] = []
        var waitersMax: Int
        var aging: Duration

        mutating func join(
            _ id: WaiterID, _ providers: [Int], _ priority: RequestPriority, at now: Instant
        ) -> Bool {
            guard waiters.count < waitersMax else { return false }
            let order = now.advanced(by: aging * priority.rank)
            let index = waiters.firstIndex { $0.order > order } ?? waiters.count
            waiters.insert(
                Waiter(id: id, order: order, priority: priority, providers: providers), at: index)
            return true
        }

        func head(of provider: Int) -> WaiterID? {
            waiters.first { $0.providers.contains(provider) }?.id
        }

        func depth(of provider: Int, _ priority: RequestPriority) -> Int {
            waiters.count { $0.priority == priority && $0.providers.contains(provider) }
        }

        mutating func leave(_ id: WaiterID) -> Set<WaiterID> {
            guard let index = waiters.firstIndex(where: { $0.id == id }) else { return [] }
            let led = waiters[index].providers.filter { head(of: $0) == id }
            waiters.remove(at: index)
            return Set(led.compactMap(head(of:)))
        }

        mutating func leave(_ id: WaiterID, lineOf provider: Int) -> WaiterID? {
            guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
            let led = head(of: provider) == id
            waiters[index].providers.removeAll { $0 == provider }
            return led ? head(of: provider) : nil
        }
    }

    private struct History {
        static let providers = 4

        var random: FastRandom
        var lines: WaitingLines
        var model: Model
        var now = Instant(nanoseconds: 1_000_000_000)
        var joined: UInt64 = 0

        /// Some lines are long enough for dead entries to be cleared away.
        let waitersMost: Int

        init(seed: UInt64) {
            random = FastRandom(seed: seed)
            waitersMost = seed.isMultiple(of: 7) ? 300 : 30
            let max = Int.random(in: 0...waitersMost, using: &random)
            let aging = Duration.milliseconds(Int.random(in: 0...10, using: &random))
            lines = WaitingLines(waitersMax: max, aging: aging)
            model = Model(waitersMax: max, aging: aging)
        }

        /// Who is there, or was, or never was.
        mutating func anybody() -> WaiterID {
            if let waiter = model.waiters.randomElement(using: &random), Bool.random(using: &random) {
                return waiter.id
            }
            return WaiterID(UInt64.random(in: 0...joined, using: &random))
        }

        /// Answers whether both said the same.
        mutating func step() -> Bool {
            now = now.advanced(by: .milliseconds(Int.random(in: -1...3, using: &random)))
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<50: return join()
            case 50..<80: return leave(anybody())
            case 80..<90:
                let head = lines.head(of: Int.random(in: 0..<Self.providers, using: &random))
                return head.map { leave($0) } ?? true
            case 90..<97:
                let (id, provider) = (anybody(), Int.random(in: 0..<Self.providers, using: &random))
                return lines.leave(id, lineOf: provider) == model.leave(id, lineOf: provider)
            default:
                let max = Int.random(in: 0...waitersMost, using: &random)
                (lines.waitersMax, lines.aging) = (max, .milliseconds(4))
                (model.waitersMax, model.aging) = (max, .milliseconds(4))
                return true
            }
        }

        private mutating func join() -> Bool {
            let all = Array(0..<Self.providers).shuffled(using: &random)
            let providers = Array(all.prefix(Int.random(in: 1...Self.providers, using: &random)))
            let priority = RequestPriority.allCases.randomElement(using: &random) ?? .normal
            let id = WaiterID(joined)
            joined += 1
            return lines.join(id, providers, priority: priority, at: now)
                == model.join(id, providers, priority, at: now)
        }

        private mutating func leave(_ id: WaiterID) -> Bool {
            let (heads, expected) = (lines.leave(id), model.leave(id))
            return heads.count == expected.count && Set(heads) == expected
        }

        func agrees() -> Bool {
            lines.count == model.waiters.count
                && (0..<Self.providers).allSatisfy { lines.head(of: $0) == model.head(of: $0) }
        }

        /// The dearer questions.
        func agreesInDetail() -> Bool {
            let areHeadsTheSame = model.waiters.allSatisfy { waiter in
                lines.isHead(waiter.id) == waiter.providers.contains { model.head(of: $0) == waiter.id }
            }
            return areHeadsTheSame
                && (0..<Self.providers).allSatisfy { provider in
                    RequestPriority.allCases.allSatisfy {
                        lines.depth(of: provider, $0) == model.depth(of: provider, $0)
                    }
                }
        }
    }

    @Test func `after every step of two thousand histories the lines are as a sorted array would be`() throws
    {
        for seed in 0..<2_000 as Range<UInt64> {
            var history = History(seed: seed)
            for step in 0..<40 {
                let isSame = history.step() && history.agrees()
                try #require(isSame, "seed \(seed), step \(step)")
            }
            let isSame = history.agreesInDetail()
            try #require(isSame, "seed \(seed)")
        }
    }

    @Test func `a long history ends as a sorted array would, too`() throws {
        var history = History(seed: 7)
        for step in 0..<10_000 {
            let isSame = history.step() && (step % 10 > 0 || history.agrees())
            try #require(isSame, "step \(step)")
        }
        let isSame = history.agrees() && history.agreesInDetail()
        #expect(isSame)
    }
}
