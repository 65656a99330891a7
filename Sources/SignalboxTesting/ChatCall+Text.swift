public import SignalboxCore

extension ChatCall {
    /// A call from the text of its body; `model` and `stream` are read from it.
    public convenience init(text: String, operation: CallOperation? = nil) throws(JSONSyntaxError) {
        let fields = try JSONFields(scanning: Array(text.utf8))
        let asked: CallOperation = fields.bool("stream") == true ? .chatStream : .chat
        self.init(
            body: fields.bytes, fields: fields, model: fields.string("model") ?? "",
            operation: operation ?? asked)
    }
}

extension WholeReply {
    /// A reply from its text, received at the beginning of 1970 unless said otherwise.
    public init(
        _ status: Int, _ text: String, _ headers: [String: String] = [:],
        at now: WallTime = WallTime(nanosecondsSince1970: 0)
    ) {
        self.init(
            status: status, headers: HeaderBlock(headers), body: Array(text.utf8), receivedAt: now,
            requestID: "r-1")
    }
}
