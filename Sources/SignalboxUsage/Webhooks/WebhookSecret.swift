internal import Crypto
package import SignalboxCore

/// The key that an endpoint's deliveries are signed with: `whsec_` and the Base64 of 24 to 64 bytes (Standard
/// Webhooks 1.0.0). Prints as `•••`.
package struct WebhookSecret: Sendable, Hashable {
    /// What every secret begins with.
    package static let prefix = "whsec_"
    /// Bytes of the key itself.
    package static let bytesAllowed = 24...64

    private let bytes: [UInt8]

    /// - Throws: ``WebhookSecretError`` where the text is no such key. It does not repeat the text.
    package init(_ text: Secret) throws(WebhookSecretError) {
        let text = text.reveal()
        guard text.hasPrefix(WebhookSecret.prefix) else { throw .prefixMissing }
        guard let bytes = Base64Text.decode(text.dropFirst(WebhookSecret.prefix.count)) else {
            throw .notBase64
        }
        guard WebhookSecret.bytesAllowed.contains(bytes.count) else { throw .length(bytes.count) }
        self.init(bytes: bytes)
    }

    /// Of any length.
    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// HMAC-SHA256 of `content` with this key.
    func authenticate(_ content: [[UInt8]]) -> [UInt8] {
        var code = HMAC<SHA256>(key: SymmetricKey(data: bytes))
        for part in content { code.update(data: part) }
        return Array(code.finalize())
    }
}

extension WebhookSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "•••" }
    package var debugDescription: String { "•••" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text is no ``WebhookSecret``.
package enum WebhookSecretError: Error, Sendable, Equatable, CustomStringConvertible {
    case prefixMissing
    case notBase64
    case length(Int)

    package var description: String {
        switch self {
        case .prefixMissing: "it does not begin with whsec_"
        case .notBase64: "what follows whsec_ is not Base64"
        case .length(let count): "its key has \(count) bytes, not 24 to 64"
        }
    }

    /// How to make a right one.
    package static let remedy = #"echo "whsec_$(openssl rand -base64 32)" prints a new one"#
}
