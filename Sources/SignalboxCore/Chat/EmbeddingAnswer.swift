/// Vectors in no vendor's dialect, which write themselves as OpenAI's list of embeddings.
public struct EmbeddingAnswer: Sendable, Hashable {
    public var model: String
    /// One for each input, in the inputs' order.
    public var vectors: [[Double]]
    public var usage: TokenUsage?

    public init(model: String, vectors: [[Double]], usage: TokenUsage? = nil) {
        self.model = model
        self.vectors = vectors
        self.usage = usage
    }

    /// As OpenAI's embeddings answer. Its `usage` is required there: nothing counted is written as 0.
    public func json(_ encoding: EmbeddingRequest.Encoding) -> [UInt8] {
        let data = vectors.enumerated().map { index, vector in
            JSONTree.object([
                "object": "embedding", "index": .integer(index), "embedding": Self.tree(vector, encoding),
            ])
        }
        let tokens = JSONTree.integer(usage?.promptTokens ?? 0)
        return JSONTree.object([
            "object": "list", "data": .array(data), "model": .string(model),
            "usage": .object(["prompt_tokens": tokens, "total_tokens": tokens]),
        ]).json
    }

    private static func tree(_ vector: [Double], _ encoding: EmbeddingRequest.Encoding) -> JSONTree {
        switch encoding {
        case .float: return .array(vector.map(JSONTree.double))
        case .base64:
            var bytes: [UInt8] = []
            bytes.reserveCapacity(vector.count * 4)
            for value in vector {
                withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
            }
            return .string(Base64Text.encode(bytes))
        }
    }
}
