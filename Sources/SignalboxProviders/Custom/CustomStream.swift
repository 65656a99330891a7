import SignalboxCore

/// OpenAI's stream, in which a failure may stand. Its usage is always told, but shown only to who asked.
struct CustomStream: StreamDecoder {
    private var inner: any StreamDecoder
    private let showsUsage: Bool

    init(_ inner: any StreamDecoder, showsUsage: Bool) {
        self.inner = inner
        self.showsUsage = showsUsage
    }

    var summary: ReplySummary { inner.summary }

    /// The embedder's ending is always told.
    var isCompleteWithoutTerminator: Bool { false }

    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep {
        if let failure = CustomFailure.read(bytes, in: range) { return .failure(failure) }
        let usage = inner.summary.usage
        let step = inner.decode(bytes, in: range)
        guard !showsUsage, usage == nil, inner.summary.usage != nil, case .forward(false) = step else {
            return step
        }
        return .replace([], hasDelta: false)
    }
}
