import SignalboxCore

/// What a receiver says in the body of its answer.
public enum ExportReply {
    /// The part of an accepted request that was not taken, `partial_success` of an
    /// `Export…ServiceResponse`. Whatever it says, nothing of the request is sent again.
    public struct PartialSuccess: Sendable, Hashable {
        /// Spans, data points or log records; 0 with a message is a warning.
        public var rejected: Int
        /// For people, cut to ``messageBytesMax``; empty where there is none.
        public var message: String

        public init(rejected: Int, message: String) {
            self.rejected = rejected
            self.message = message
        }
    }

    /// What is kept of a message, in bytes.
    public static let messageBytesMax = 512

    /// The same field numbers in the answers for all three signals. Nil where everything was taken, which is
    /// also what bytes mean that are no such message.
    public static func partialSuccess(in body: [UInt8]) -> PartialSuccess? {
        var reader = ProtobufReader(body)
        while let (field, value) = reader.next() {
            guard field == 1, case .bytes(let range) = value else { continue }
            var part = PartialSuccess(rejected: 0, message: "")
            var inner = ProtobufReader(body, in: range)
            while let (field, value) = inner.next() {
                switch (field, value) {
                case (1, .number(let count)): part.rejected = max(0, Int(Int64(bitPattern: count)))
                case (2, .bytes(let text)): part.message = capped(inner.text(text))
                default: continue
                }
            }
            return part.rejected > 0 || !part.message.isEmpty ? part : nil
        }
        return nil
    }

    /// The message of the `google.rpc.Status` in the body of an answer that refuses; nil where it has none.
    public static func statusMessage(in body: [UInt8]) -> String? {
        var reader = ProtobufReader(body)
        var message: String?
        while let (field, value) = reader.next() {
            if field == 2, case .bytes(let range) = value { message = capped(reader.text(range)) }
        }
        return reader.isMalformed ? nil : message
    }

    private static func capped(_ text: String) -> String {
        text.capped(bytesMax: messageBytesMax)
    }
}
