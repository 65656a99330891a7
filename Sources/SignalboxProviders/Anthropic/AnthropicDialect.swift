public import SignalboxCore

/// Anthropic's Messages API as its callers speak it.
public struct AnthropicDialect: CallerDialect {
    public init() {}

    /// Reads a request and translates it.
    /// - Parameters:
    ///   - fields: of the body as it came.
    ///   - headers: for Anthropic, if the request goes there.
    /// - Throws: of kind `invalidRequest`, naming the field, what is no request.
    public func read(
        _ fields: JSONFields, model: String, isStreaming: Bool, headers: [(name: String, value: String)] = []
    ) throws(UpstreamFailure) -> ChatCall {
        var reader = AnthropicCallerRequest()
        let body = try reader.translate(fields, isStreaming: isStreaming)
        let scanned: JSONFields
        do throws(JSONSyntaxError) {
            scanned = try JSONFields(scanning: body)
        } catch {
            // OpenAI's form of a request nests a little deeper.
            throw UpstreamFailure.refused(
                "messages", "The request cannot be translated: \(error.reason.rawValue).")
        }
        return ChatCall(
            body: body, fields: scanned, model: model, operation: isStreaming ? .chatStream : .chat,
            native: NativeRequest(self, fields: fields, headers: headers, untranslated: reader.untranslated))
    }

    public func answer(_ completion: [UInt8], requestID: String) throws(UpstreamFailure) -> [UInt8] {
        try AnthropicCallerReply.write(completion, requestID: requestID)
    }

    public func streamRenderer(requestID: String, isNative: Bool) -> any StreamRenderer {
        isNative ? AnthropicNativeRenderer() : AnthropicCallerStream(requestID: requestID)
    }

    public func text(of answer: [UInt8], in range: Range<Int>) -> String {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: answer, in: range)
        } catch {
            return ""  // judged already: such a reply fails its attempt, such an event is skipped
        }
        if let blocks = tree["content"]?.elements {
            return blocks.compactMap { $0["text"]?.string }.joined()
        }
        return (tree["content_block"] ?? tree["delta"])?["text"]?.string ?? ""
    }

    /// `{"type":"error","error":{…},"request_id":…}`. What Anthropic's error has no field for stands beside
    /// its own.
    public func error(_ error: CallerError, requestID: String) -> [UInt8] {
        var attempts: JSONTree?
        if let bytes = error.attempts {
            do throws(JSONSyntaxError) {
                attempts = try JSONTree(parsing: bytes)
            } catch {
                preconditionFailure("a list of attempts that we wrote ourselves: \(error)")
            }
        }
        return JSONTree.object([
            "type": "error",
            "error": .object([
                "type": .string(AnthropicDialect.errorType(error.status)), "message": .string(error.message),
                "code": .string(error.code), "param": error.parameter.map(JSONTree.string),
                "attempts": attempts,
            ]),
            "request_id": .string(requestID),
        ]).json
    }

    public func errorEvent(_ error: CallerError, requestID: String) -> [UInt8] {
        AnthropicEventText.framed("error", self.error(error, requestID: requestID))
    }

    /// Its clients look for the id in `request-id`.
    public func headers(requestID: String) -> [(name: String, value: String)] {
        [("request-id", requestID)]
    }

    /// Source: Anthropic's list of errors by status.
    static func errorType(_ status: Int) -> String {
        switch status {
        case 401: "authentication_error"
        case 402: "billing_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 400..<500: "invalid_request_error"
        case 503, 529: "overloaded_error"
        case 504: "timeout_error"
        default: "api_error"
        }
    }
}

/// Anthropic's events carry their type twice: in the payload, and as the event's name, which clients go by.
enum AnthropicEventText {
    static func framed(_ name: String, _ payload: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        append(name, payload[...], to: &output)
        return output
    }

    static func append(_ name: String, _ payload: ArraySlice<UInt8>, to output: inout [UInt8]) {
        output.reserveCapacity(output.count + name.utf8.count + payload.count + 16)
        output += "event: ".utf8
        output += name.utf8
        output += "\ndata: ".utf8
        JSONLine.append(payload, to: &output)
        output += "\n\n".utf8
    }
}

/// Frames events that are Anthropic's already.
struct AnthropicNativeRenderer: StreamRenderer {
    mutating func append(
        _ bytes: [UInt8], in range: Range<Int>, to output: inout [UInt8]
    ) throws(UpstreamFailure) {
        let name: String?
        do throws(JSONSyntaxError) {
            name = try JSONFields(scanning: bytes, in: range).string("type")
        } catch {
            throw UpstreamFailure(.malformedReply, message: "an event that is no JSON object (\(error))")
        }
        // A line break would end the line that the name stands on.
        guard let name, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw UpstreamFailure(.malformedReply, message: "an event without a type")
        }
        AnthropicEventText.append(name, bytes[range], to: &output)
    }

    mutating func end(to output: inout [UInt8]) {
        AnthropicEventText.append("message_stop", Array(#"{"type":"message_stop"}"#.utf8)[...], to: &output)
    }
}
