import SignalboxCore
import SignalboxTesting

/// The scanner and the splice beside Foundation's verdict, and the tree beside the scanner's.
enum JSONFuzz {
    static let targets = [
        FuzzTarget("json", words: words, sample: object, brokenPromise: scanned),
        FuzzTarget("tree", words: words, sample: object, brokenPromise: tree),
    ]

    private static let words = ["model0", "stream1", "\\ud83d\\ude00", "mod\\u0065l0"]

    private static func object(_ mutation: inout FuzzMutation) -> [UInt8] {
        var sample = JSONSample(seed: mutation.random.next())
        return Array(sample.object().utf8)
    }

    private static func scanned(_ input: [UInt8]) -> String? {
        let fields = fields(input)
        if JSONOracle.isStrict(about: input) {
            guard (fields != nil) == JSONOracle.accepts(input) else { return "the verdict is Foundation's" }
            if let fields, Set(fields.all.map(\.name)) != JSONOracle.memberNames(input) {
                return "its members are found"
            }
        }
        guard let fields else { return nil }
        var splice = JSONSplice(fields)
        splice.set("model0", to: .string("m\"\u{1}é"))
        splice.remove("stream1")
        // One member more than there may be is refused, and that is all that may happen.
        guard fields.count < JSONFields.membersMax else { return nil }
        guard let edited = self.fields(splice.build()) else { return "what is spliced stays an object" }
        return edited.string("model0") == "m\"\u{1}é" && edited["stream1"] == nil
            ? nil : "what is spliced in is found again"
    }

    private static func tree(_ input: [UInt8]) -> String? {
        guard let tree = parsed(input) else {
            return fields(input) == nil ? nil : "what the scanner accepts can be taken apart"
        }
        if tree.members != nil, fields(input) == nil {
            return "an object that can be taken apart is one to the scanner"
        }
        let written = tree.json
        guard written.count <= 6 * input.count + 16 else {
            return "writing makes it at most six times as long"
        }
        return parsed(written) == tree ? nil : "what is written is what was parsed"
    }

    static func parsed(_ bytes: [UInt8]) -> JSONTree? {
        do throws(JSONSyntaxError) { return try JSONTree(parsing: bytes) } catch { return nil }
    }

    /// What is put together of deep pieces may be deeper than we read ourselves, and is JSON all the same.
    static func isObject(_ bytes: [UInt8]) -> Bool {
        do throws(JSONSyntaxError) {
            return try JSONTree(parsing: bytes).members != nil
        } catch {
            return error.reason == .tooDeep
        }
    }

    static func fields(_ bytes: [UInt8]) -> JSONFields? {
        do throws(JSONSyntaxError) { return try JSONFields(scanning: bytes) } catch { return nil }
    }
}
