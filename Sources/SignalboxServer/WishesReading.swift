import Signalbox
import SignalboxCore
import SignalboxHTTP

/// What a request asks of routing, read from its headers and from the body fields that are ours.
enum WishesReading {
    /// The wishes, and the call as providers may see it: without the fields that are ours.
    ///
    /// A header goes before a field. OpenAI's `user` stands for the session where nothing else does, and is
    /// passed on.
    static func read(_ exchange: Exchange, _ call: ChatCall) throws(RequestError) -> (RoutingWishes, ChatCall)
    {
        let fields = call.fields
        let session = try ownText("session_id", in: fields)
        let provider = try ownText("force_provider", in: fields)
        var wishes = RoutingWishes()
        wishes.priority = try priority(exchange.header("x-signalbox-priority"))
        wishes.provider = exchange.header("x-signalbox-provider") ?? provider
        wishes.session = exchange.header("x-session-id") ?? session
        if let session = wishes.session, session.utf8.count > RoutingWishes.sessionBytesMax {
            throw .invalid(
                "The session's id is longer than \(RoutingWishes.sessionBytesMax) bytes.", "invalid_value",
                "session_id")
        }
        if wishes.session == nil { wishes.session = user(in: fields) }
        if wishes.session?.isEmpty == true { wishes.session = nil }
        guard fields["session_id"] != nil || fields["force_provider"] != nil else { return (wishes, call) }
        return (wishes, try call.without("session_id", "force_provider"))
    }

    /// What is too long for a session's id is the provider's business alone.
    private static func user(in fields: JSONFields) -> String? {
        guard let value = fields["user"], value.range.count <= RoutingWishes.sessionBytesMax else {
            return nil
        }
        return fields.string("user")
    }

    private static func ownText(_ name: StaticString, in fields: JSONFields) throws(RequestError) -> String? {
        guard let value = fields[name], value.kind != .null else { return nil }
        guard let text = fields.string(name) else {
            throw .invalid("`\(name)` must be a string.", "invalid_type", "\(name)")
        }
        return text
    }

    private static func priority(_ text: String?) throws(RequestError) -> RequestPriority? {
        guard let text else { return nil }
        guard let priority = RequestPriority(rawValue: text.lowercased()) else {
            let names = RequestPriority.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(
                "The header x-signalbox-priority must be one of \(names).", "invalid_value",
                "x-signalbox-priority")
        }
        return priority
    }
}

extension ChatCall {
    fileprivate func without(_ names: StaticString...) throws(RequestError) -> ChatCall {
        var splice = JSONSplice(fields)
        for name in names where fields[name] != nil { splice.remove(name) }
        let body = splice.build()
        do throws(JSONSyntaxError) {
            return ChatCall(
                body: body, fields: try JSONFields(scanning: body), model: model, operation: operation,
                native: native, priority: priority)
        } catch {
            throw .invalid("The request body is not a JSON object: \(error).", "invalid_json", nil)
        }
    }
}
