import SignalboxCore

/// What a delivery is signed with, as Standard Webhooks 1.0.0 has it: HMAC-SHA256 over
/// `{id}.{timestamp}.{body}`.
///
/// The body is signed before it is compressed: the libraries of receivers verify the text that their
/// application sees.
package enum WebhookSignature {
    /// The value of `webhook-signature`: one `v1,…` for each secret, in their order.
    /// - Parameters:
    ///   - id: constant over retries; without a dot.
    ///   - timestamp: seconds since 1970, of this attempt.
    package static func field(
        id: String, timestamp: Int64, body: [UInt8], secrets: [WebhookSecret]
    ) -> String {
        precondition(!id.utf8.contains(UInt8(ascii: ".")), "a dot parts id, time and body")
        let head = Array("\(id).\(timestamp).".utf8)
        return secrets.map { "v1," + Base64Text.encode($0.authenticate([head, body])) }
            .joined(separator: " ")
    }
}
