/// A piece of a streamed answer.
public enum CustomDelta: Sendable, Hashable {
    case text(String)
    case reasoning(String)
    case refusal(String)
    /// Begins a tool call; `index` counts the calls of a choice, from 0.
    case toolCall(index: Int, id: String, name: String)
    /// A further piece of a tool call's arguments.
    case toolArguments(index: Int, String)
}

/// Where a ``CustomProvider`` hands over the pieces of a streamed answer, in their order.
///
/// Each call returns once the piece has a place: it waits for a caller that reads slowly.
public struct CustomDeltas: Sendable {
    public typealias Taker = @Sendable (CustomDelta, _ choice: Int) async throws(CancellationError) -> Void

    /// A longer text is handed on in pieces of at most so many bytes: no event of a stream may be endless.
    public static let pieceBytesMax = 64 << 10

    private let take: Taker

    public init(_ take: @escaping Taker) {
        self.take = take
    }

    /// - Throws: `CancellationError` once nobody waits for the answer any more; so do the others.
    public func text(_ text: String, choice: Int = 0) async throws(CancellationError) {
        for piece in Self.pieces(of: text) { try await take(.text(piece), choice) }
    }

    public func reasoning(_ text: String, choice: Int = 0) async throws(CancellationError) {
        for piece in Self.pieces(of: text) { try await take(.reasoning(piece), choice) }
    }

    public func refusal(_ text: String, choice: Int = 0) async throws(CancellationError) {
        for piece in Self.pieces(of: text) { try await take(.refusal(piece), choice) }
    }

    /// Begins a tool call; its arguments may come with it or in pieces.
    public func toolCall(
        index: Int, id: String, name: String, arguments: String = "", choice: Int = 0
    ) async throws(CancellationError) {
        try await take(.toolCall(index: index, id: id, name: name), choice)
        try await toolArguments(index: index, arguments, choice: choice)
    }

    public func toolArguments(
        index: Int, _ piece: String, choice: Int = 0
    ) async throws(CancellationError) {
        for piece in Self.pieces(of: piece) { try await take(.toolArguments(index: index, piece), choice) }
    }

    /// Cut between Unicode scalars; nothing for an empty text.
    static func pieces(of text: String) -> [String] {
        guard text.utf8.count > pieceBytesMax else { return text.isEmpty ? [] : [text] }
        var pieces: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            var end =
                rest.utf8.index(rest.startIndex, offsetBy: pieceBytesMax, limitedBy: rest.endIndex)
                ?? rest.endIndex
            while end.samePosition(in: text.unicodeScalars) == nil { end = rest.utf8.index(before: end) }
            pieces.append(String(rest[..<end]))
            rest = rest[end...]
        }
        return pieces
    }
}
