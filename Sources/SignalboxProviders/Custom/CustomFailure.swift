public import SignalboxCore

/// A failure on its way from the embedder's task to the router: one JSON object, whole or as an event.
public enum CustomFailure {
    private static let mark = Array(#"{"customFailure":"#.utf8)

    public static func write(_ failure: UpstreamFailure) -> [UInt8] {
        var bytes = mark
        JSONTree.object([
            "kind": .string(kind(failure.kind).label), "message": .string(failure.message),
            "status": failure.status.map(JSONTree.integer), "code": failure.code.map(JSONTree.string),
            "parameter": failure.parameter.map(JSONTree.string),
            "retry_after_ms": failure.retryAfter.map {
                .integer(Int(clamping: min($0, RetryAfter.longest).millisecondsRoundedUp))
            },
        ]).append(to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Nil where something else stands.
    static func read(_ bytes: [UInt8], in range: Range<Int>) -> UpstreamFailure? {
        guard bytes[range].starts(with: mark) else { return nil }
        let body: JSONTree
        do throws(JSONSyntaxError) {
            body = try JSONTree(parsing: bytes, in: range)
        } catch {
            return nil
        }
        guard let failure = body["customFailure"], let label = failure["kind"]?.string,
            let kind = FailureKind.all.first(where: { $0.label == label })
        else { return nil }
        return UpstreamFailure(
            kind, message: Redaction.clean(failure["message"]?.string ?? ""),
            status: failure["status"]?.integer,
            code: failure["code"]?.string.map(Redaction.clean), parameter: failure["parameter"]?.string,
            retryAfter: failure["retry_after_ms"]?.integer.map { .milliseconds($0) })
    }

    /// Whether the caller has left, and what it has seen, is the router's to know.
    private static func kind(_ kind: FailureKind) -> FailureKind {
        switch kind {
        case .cancelled, .interrupted: .overloaded
        case .unreachable, .timeout, .overloaded, .rateLimited, .keyRejected, .noCredit, .accessMissing,
            .modelNotFound, .contextTooLong, .contentFiltered, .invalidRequest, .malformedReply:
            kind
        }
    }
}
