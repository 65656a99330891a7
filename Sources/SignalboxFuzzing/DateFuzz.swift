import Glibc
import SignalboxCore
import SignalboxProviders

/// Dates beside what the C library writes.
enum DateFuzz {
    static let targets = [
        FuzzTarget("http-date", words: words, sample: sample(forms), brokenPromise: httpDate),
        FuzzTarget("internet-date", words: words, sample: sample([internet]), brokenPromise: internetDate),
    ]

    private static let words = [
        "Jan", "Feb", "Dec", "GMT", "1969", "1970", "2200", "31", "29", ":60", "+05:30",
    ]

    /// As RFC 9110 has them: its own, RFC 850's and asctime's.
    private static let forms = [
        "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y",
    ]
    private static let internet = "%Y-%m-%dT%H:%M:%SZ"
    /// Up to the end of the year 2200.
    private static let secondsMax: Int64 = 7_289_654_400

    /// Eight bytes of a time, then a text.
    private static func sample(_ forms: [String]) -> @Sendable (inout FuzzMutation) -> [UInt8] {
        { mutation in
            let seconds = Int64.random(in: 0..<secondsMax, using: &mutation.random)
            let number = (0..<8).map { UInt8(truncatingIfNeeded: seconds >> (56 - 8 * $0)) }
            return number + Array(written(seconds, mutation.pick(forms)).utf8)
        }
    }

    private static func written(_ seconds: Int64, _ form: String) -> String {
        var time = time_t(seconds)
        var parts = tm()
        guard gmtime_r(&time, &parts) != nil else { return "" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            let count = strftime(buffer.baseAddress, buffer.count, form, &parts)
            return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func httpDate(_ bytes: [UInt8]) -> String? {
        var input = FuzzInput(bytes)
        let seconds = Int64(input.number() % UInt64(secondsMax))
        // Two digits of a year say which only from 1970 to 2069.
        for form in forms where form.contains("%Y") || seconds < 3_155_760_000 {
            let text = written(seconds, form)
            guard HTTPDate.parse(text) == WallTime(nanosecondsSince1970: seconds * 1_000_000_000) else {
                return "what the C library writes is read: \(text)"
            }
        }
        return broken(HTTPDate.parse(input.text), of: input.text, forms[0], HTTPDate.parse)
    }

    private static func internetDate(_ bytes: [UInt8]) -> String? {
        var input = FuzzInput(bytes)
        let seconds = Int64(input.number() % UInt64(secondsMax))
        let text = written(seconds, internet)
        guard InternetDate.parse(text) == WallTime(nanosecondsSince1970: seconds * 1_000_000_000) else {
            return "what the C library writes is read: \(text)"
        }
        return broken(InternetDate.parse(input.text), of: input.text, internet, InternetDate.parse)
    }

    /// A zone's hours may lead out of the years that are read.
    private static func broken(
        _ time: WallTime?, of text: String, _ form: String, _ parse: (String) -> WallTime?
    ) -> String? {
        guard let time else { return nil }
        let nanoseconds = time.nanosecondsSince1970
        let day: Int64 = 86_400
        guard -day...secondsMax + 2 * day ~= nanoseconds / 1_000_000_000 else {
            return "a date from 1970 to 2200: \(text)"
        }
        let seconds = nanoseconds / 1_000_000_000
        guard 0..<secondsMax ~= seconds, nanoseconds >= 0 else { return nil }
        let again = parse(written(seconds, form))
        return again?.nanosecondsSince1970 == seconds * 1_000_000_000
            ? nil : "what is written is read: \(text)"
    }
}
