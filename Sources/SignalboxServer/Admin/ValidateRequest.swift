import Signalbox
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders

/// What `POST /v1/keys/validate` takes. No complaint repeats a value: it may be the key in the wrong place.
struct ValidateRequest: Sendable {
    /// A configured provider's name, or a kind.
    var provider: String
    var key: Secret
    var scope: GigaChatScope?
    var folder: String?
    var models: [String]
    /// Whether each step is told as it happens; the `accept` header may ask for that, too.
    var isStreaming: Bool

    /// Bytes of a body.
    static let bytesMax = 64 << 10
    private static let names = ["provider", "api_key", "scope", "folder_id", "models", "stream"]

    init(_ body: [UInt8]) throws(RequestError) {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: body)
        } catch {
            throw .invalid("The request body is not JSON.", "invalid_json", nil)
        }
        guard let members = tree.members else {
            throw .invalid("The request body must be an object.", "invalid_json", nil)
        }
        try Self.refuseUnknown(members.map(\.name))
        guard let provider = try Self.text("provider", in: tree) else {
            throw .invalid(
                "Say the `provider`: a configured one's name, or a kind.", "missing_required_parameter",
                "provider")
        }
        guard let key = try Self.text("api_key", in: tree) else {
            throw .invalid("There is no `api_key`.", "missing_required_parameter", "api_key")
        }
        self.provider = provider
        self.key = Secret(key)
        folder = try Self.text("folder_id", in: tree)
        scope = try Self.scope(in: tree)
        models = try Self.models(in: tree)
        isStreaming = try Self.flag("stream", in: tree)
    }

    // MARK: Fields

    private static func refuseUnknown(_ names: [String]) throws(RequestError) {
        let unknown = names.filter { !Self.names.contains($0) }
        guard !unknown.isEmpty else { return }
        let shown = unknown.filter(isName).prefix(10).map { "`\($0)`" }
        let what =
            shown.isEmpty ? "A field is" : shown.joined(separator: ", ") + (shown.count == 1 ? " is" : " are")
        throw .invalid(
            "\(what) not known here; there are \(Self.names.joined(separator: ", ")).", "unknown_parameter",
            shown.isEmpty ? nil : unknown.first(where: isName))
    }

    /// Whether it is short and plain enough to be a name, and not a key.
    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= 20 && text.utf8.allSatisfy { 0x61...0x7A ~= $0 || $0 == 0x5F }
    }

    private static func text(_ name: String, in tree: JSONTree) throws(RequestError) -> String? {
        guard let value = tree[name], !value.isNull else { return nil }
        guard let text = value.string, !text.isEmpty else {
            throw .invalid("`\(name)` must be a string that is not empty.", "invalid_type", name)
        }
        return text
    }

    private static func flag(_ name: String, in tree: JSONTree) throws(RequestError) -> Bool {
        guard let value = tree[name], !value.isNull else { return false }
        guard let flag = value.bool else {
            throw .invalid("`\(name)` must be true or false.", "invalid_type", name)
        }
        return flag
    }

    /// As the configuration says it, or as the vendor does.
    private static func scope(in tree: JSONTree) throws(RequestError) -> GigaChatScope? {
        guard let text = try text("scope", in: tree) else { return nil }
        let vendors = "GIGACHAT_API_"
        let name = text.hasPrefix(vendors) ? String(text.dropFirst(vendors.count)) : text
        guard let scope = GigaChatScope(rawValue: name) else {
            throw .invalid("`scope` must be PERS, B2B, CORP or auto.", "invalid_value", "scope")
        }
        return scope
    }

    private static func models(in tree: JSONTree) throws(RequestError) -> [String] {
        guard let value = tree["models"], !value.isNull else { return [] }
        guard let names = value.elements?.map(\.string), names.allSatisfy({ $0?.isEmpty == false }) else {
            throw .invalid("`models` must be a list of names.", "invalid_type", "models")
        }
        return names.compactMap(\.self)
    }
}
