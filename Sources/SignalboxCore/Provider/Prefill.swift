/// What a vendor makes of a conversation that ends in the assistant's own words.
public enum Prefill: Sendable, Hashable {
    /// It refuses, or answers with a message of its own: nothing can be gone on with there.
    case refused
    /// The answer goes on behind those words.
    case continued
    /// Likewise, once the message is marked `"prefix": true`; the answer repeats the words first.
    case marked
}

extension ChatCall {
    /// The same request, with an answer that has been begun already.
    ///
    /// Nil for what cannot be gone on with: another dialect than OpenAI's, several answers, or a
    /// conversation that ends in the assistant's words as it is.
    /// - Parameter words: not empty, and without white space at their end, which some vendors refuse.
    public func continuing(_ words: String, _ manner: Prefill) -> ChatCall? {
        guard native == nil, isStreaming, fields.integer("n") ?? 1 == 1, manner != .refused,
            let messages = fields["messages"], messages.kind == .array,
            let last = Array(JSONScan.elements(of: messages, in: body)).last,
            let role = JSONScan.member("role", of: last, in: body),
            JSONScan.string(at: role, in: body) != "assistant"
        else { return nil }
        var list = Array(body[messages.range].dropLast())
        list += Array(#",{"role":"assistant","content":"#.utf8)
        JSONText.append(words, to: &list)
        if manner == .marked { list += Array(#","prefix":true"#.utf8) }
        list += Array("}]".utf8)
        var splice = JSONSplice(fields)
        splice.set("messages", to: .json(list))
        let longer = splice.build()
        do throws(JSONSyntaxError) {
            return ChatCall(
                body: longer, fields: try JSONFields(scanning: longer), model: model, operation: operation,
                priority: priority, begun: words)
        } catch {
            return nil  // deeper or longer than what is taken apart: as good as refused
        }
    }
}
