import SignalboxProviders

/// A promise that did not hold, and for which bytes.
public struct Violation: Sendable, CustomStringConvertible {
    public let promise: String
    public let input: [UInt8]

    public var description: String {
        promise + "\n" + input.map(HexByte.text).joined()
    }
}

/// One decoder of foreign bytes, and what it promises of whatever it is given: not to crash, not to make much
/// more of the bytes than there was, and what stands in its check.
///
/// An input is all that a check goes by: whoever has the bytes has the failure. A loop over seeds makes
/// inputs by damage to samples; libFuzzer grows its own from the same samples.
public struct FuzzTarget: Sendable, CustomStringConvertible {
    /// Such as `json`, or `streams:groq` where there is one for each kind of provider.
    public let name: String
    /// Words worth trying besides those that every target is given.
    public let words: [String]
    private let sample: @Sendable (inout FuzzMutation) -> [UInt8]
    private let brokenPromise: @Sendable ([UInt8]) -> String?

    /// - Parameters:
    ///   - sample: a realistic input.
    ///   - brokenPromise: nil where everything promised of the input is true.
    init(
        _ name: String, words: [String] = [], sample: @escaping @Sendable (inout FuzzMutation) -> [UInt8],
        brokenPromise: @escaping @Sendable ([UInt8]) -> String?
    ) {
        self.name = name
        self.words = words
        self.sample = sample
        self.brokenPromise = brokenPromise
    }

    public var description: String { name }

    /// Every decoder that reads foreign bytes.
    public static let all: [FuzzTarget] =
        JSONFuzz.targets + FramingFuzz.targets + HeadFuzz.targets + RequestFuzz.targets + CallerFuzz.targets
        + FieldFuzz.targets + EstimateFuzz.targets
        + DateFuzz.targets + ConfigurationFuzz.targets + AdapterFuzz.targets
        + KeyFuzz.targets

    /// Kinds of provider that no target reaches yet, as their adapters are not built.
    public static var kindsLeftOut: [String] { FuzzSubject.leftOut.map(\.rawValue) }

    public static func named(_ name: String) -> FuzzTarget? {
        all.first { $0.name == name }
    }

    /// The input that `seed` makes: a sample, usually damaged.
    public func input(seed: UInt64) -> [UInt8] {
        var mutation = FuzzMutation(seed: seed, words: words)
        let bytes = sample(&mutation)
        return mutation.mutated(bytes)
    }

    /// The sample that `seed` makes, whole.
    public func sample(seed: UInt64) -> [UInt8] {
        var mutation = FuzzMutation(seed: seed, words: words)
        return sample(&mutation)
    }

    public func violation(of input: [UInt8]) -> Violation? {
        brokenPromise(input).map { Violation(promise: $0, input: input) }
    }

    /// Nil if everything promised of the input that `seed` makes is true.
    public func violation(seed: UInt64) -> Violation? {
        violation(of: input(seed: seed))
    }

    /// Every word, as libFuzzer's dictionaries are written.
    public var dictionary: String {
        let bytes = FuzzMutation(seed: 0, words: words).words
        return bytes.filter { !$0.isEmpty }.map { word in
            "\"" + word.map { "\\x" + HexByte.text($0) }.joined() + "\"\n"
        }.joined()
    }
}

/// Two digits.
enum HexByte {
    static func text(_ byte: UInt8) -> String {
        String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }
}
