/// A `tracestate` that is well formed: at most 32 members and 512 bytes, in the order in which they came.
///
/// It is passed on as it is: Signalbox adds no member of its own.
public struct TraceState: Sendable, Hashable {
    /// The members joined with `,`, ready to be sent.
    public let text: String

    init(text: String) {
        self.text = text
    }
}
