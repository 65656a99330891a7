import Glibc
import SignalboxCore

/// Requests of a day's shape: a swell over an hour, with bursts on top; the same for every strategy.
struct Load {
    struct Request {
        var comes: Duration
        var promptTokens: Int
        var answerTokens: Int
        /// What we think of the prompt beforehand.
        var estimate: Int
    }

    let requests: [Request]

    init(duration: Duration, requestsPerSecond mean: Double, random: inout FastRandom) {
        var requests: [Request] = []
        let end = Double(duration.nanoseconds) / 1e9
        var time = 0.0
        while true {
            let swell = 1 + 0.5 * sin(2 * .pi * time / 3_600)
            let isBurst = time.truncatingRemainder(dividingBy: 1_200) < 120
            let rate = mean * swell * (isBurst ? 1.6 : 1)
            time -= log(1 - Double.random(in: 0..<1, using: &random)) / rate
            guard time < end else { break }
            let prompt = Load.logNormal(median: 600, spread: 0.9, most: 12_000, &random)
            let error = Load.logNormal(median: 100, spread: 0.1, most: 200, &random)
            requests.append(
                Request(
                    comes: .nanoseconds(Int64(time * 1e9)), promptTokens: prompt,
                    answerTokens: Load.logNormal(median: 200, spread: 0.7, most: 2_000, &random),
                    estimate: prompt * error / 100))
        }
        self.requests = requests
    }

    private static func logNormal(
        median: Double, spread: Double, most: Int, _ random: inout FastRandom
    ) -> Int {
        let (one, other) = (
            Double.random(in: 0..<1, using: &random), Double.random(in: 0..<1, using: &random)
        )
        let normal = sqrt(-2 * log(1 - one)) * cos(2 * .pi * other)
        return min(most, max(1, Int(median * exp(spread * normal))))
    }
}
