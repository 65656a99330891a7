import SignalboxCore

enum JSONFuzz {
    static func scanned(seed: UInt64) -> Violation? {
        var sample = JSONSample(seed: seed)
        let valid = Array(sample.object().utf8)
        guard let fields = fields(valid) else {
            return Violation(promise: "a valid object is accepted", input: valid)
        }
        guard Set(fields.all.map(\.name)) == JSONOracle.memberNames(valid) else {
            return Violation(promise: "its members are found", input: valid)
        }
        var splice = JSONSplice(fields)
        splice.set("model0", to: .string("m\"\u{1}é"))
        splice.remove("stream1")
        let edited = self.fields(splice.build())
        guard edited?.string("model0") == "m\"\u{1}é", edited?["stream1"] == nil else {
            return Violation(promise: "what is spliced in is found again", input: valid)
        }
        let damaged = sample.damaged(valid)
        let isAccepted = self.fields(damaged) != nil
        if JSONOracle.isStrict(about: damaged), isAccepted != JSONOracle.accepts(damaged) {
            return Violation(promise: "the verdict is Foundation's", input: damaged)
        }
        return nil
    }

    static func tree(seed: UInt64) -> Violation? {
        var sample = JSONSample(seed: seed)
        var mutation = FuzzMutation(seed: seed)
        let input = mutation.mutated(Array(sample.object().utf8))
        guard let tree = parsed(input) else {
            return fields(input) == nil
                ? nil : Violation(promise: "what the scanner accepts can be taken apart", input: input)
        }
        if tree.members != nil, fields(input) == nil {
            return Violation(promise: "an object that can be taken apart is one to the scanner", input: input)
        }
        let written = tree.json
        guard written.count <= 6 * input.count + 16 else {
            return Violation(promise: "writing makes it at most six times as long", input: input)
        }
        guard parsed(written) == tree else {
            return Violation(promise: "what is written is what was parsed", input: input)
        }
        return nil
    }

    static func parsed(_ bytes: [UInt8]) -> JSONTree? {
        do throws(JSONSyntaxError) { return try JSONTree(parsing: bytes) } catch { return nil }
    }

    private static func fields(_ bytes: [UInt8]) -> JSONFields? {
        do throws(JSONSyntaxError) { return try JSONFields(scanning: bytes) } catch { return nil }
    }
}
