/// A request for embeddings taken apart, in no vendor's dialect: what an adapter translates from where it
/// cannot forward the caller's bytes.
public struct EmbeddingRequest: Sendable, Hashable {
    public enum Input: Sendable, Hashable {
        case text(String)
        /// Numbers of a tokenizer's vocabulary, which only its own vendor can read.
        case tokens([Int])
    }

    /// How the caller wants its vectors written.
    public enum Encoding: String, Sendable, Hashable {
        case float
        /// 32-bit floats, little-endian, one after the other, in Base64.
        case base64
    }

    /// One to ``inputsMax``; each is answered with one vector, in this order.
    public var inputs: [Input]
    /// How long a vector is to be; nil is the model's own choice.
    public var dimensions: Int?
    public var encoding = Encoding.float
    /// Who the caller's own user is.
    public var user: String?
    /// Top-level fields that are no part of the above, in their order: a vendor's own options.
    public var extras: [JSONTree.Member] = []

    /// OpenAI takes no more, and no vendor takes as many.
    public static let inputsMax = 2_048

    public init(inputs: [Input]) {
        self.inputs = inputs
    }

    /// The inputs as texts.
    /// - Throws: of kind `invalidRequest`, naming `input`, where one is a list of tokens.
    public func texts() throws(UpstreamFailure) -> [String] {
        var texts: [String] = []
        for input in inputs {
            guard case .text(let text) = input else {
                throw .refused("input", "`input` must be text here: this vendor takes no token numbers.")
            }
            texts.append(text)
        }
        return texts
    }
}

extension EmbeddingRequest {
    /// Takes apart the body of a request in OpenAI's dialect.
    /// - Throws: ``UpstreamFailure`` of kind `invalidRequest`, which names the field at fault.
    public init(reading call: ChatCall) throws(UpstreamFailure) {
        self.init(inputs: [])
        for (name, value) in call.fields.all {
            let tree: JSONTree
            do throws(JSONSyntaxError) {
                tree = try JSONTree(parsing: call.body, in: value.range)
            } catch {
                throw .refused(name, "`\(name)` is nested too deeply.")
            }
            // A field that is null is a field that was left out.
            if !tree.isNull { try take(name, tree) }
        }
        guard 1...Self.inputsMax ~= inputs.count else {
            throw .refused("input", "`input` must hold 1 to \(Self.inputsMax) texts.")
        }
    }

    private mutating func take(_ name: String, _ value: JSONTree) throws(UpstreamFailure) {
        switch name {
        case "model": break
        case "input": inputs = try Self.readInputs(value)
        case "dimensions":
            guard let count = value.integer, count > 0 else {
                throw .refused(name, "`dimensions` must be a whole number above 0.")
            }
            dimensions = count
        case "encoding_format":
            guard let encoding = value.string.flatMap(Encoding.init(rawValue:)) else {
                throw .refused(name, "`encoding_format` must be float or base64.")
            }
            self.encoding = encoding
        case "user": user = value.string
        default: extras.append(JSONTree.Member(name, value))
        }
    }

    /// A text, a list of texts, a list of token numbers, or a list of such lists.
    private static func readInputs(_ value: JSONTree) throws(UpstreamFailure) -> [Input] {
        if let text = value.string { return [.text(text)] }
        guard let elements = value.elements else {
            throw .refused("input", "`input` must be a string or a list.")
        }
        if let tokens = tokens(elements), !tokens.isEmpty { return [.tokens(tokens)] }
        var inputs: [Input] = []
        for (index, element) in elements.enumerated() {
            if let text = element.string {
                inputs.append(.text(text))
            } else if let tokens = element.elements.flatMap(tokens) {
                inputs.append(.tokens(tokens))
            } else {
                throw .refused("input[\(index)]", "`input[\(index)]` is neither text nor token numbers.")
            }
        }
        return inputs
    }

    private static func tokens(_ elements: [JSONTree]) -> [Int]? {
        let tokens = elements.compactMap(\.integer)
        return tokens.count == elements.count ? tokens : nil
    }
}
