import SignalboxCore

/// What the probes have in common.
enum KeyProbing {
    private static let nameCharactersMax = 200
    private static let requestIDCharactersMax = 128

    /// Nil where the key can be sent.
    static func mistake(in key: Secret?, isNeeded: Bool) -> KeyReport? {
        guard let key, !key.isEmpty else {
            return isNeeded ? KeyReport(.unknown, code: .validationError, message: "there is no key") : nil
        }
        if key.reveal().utf8.allSatisfy({ 0x21...0x7E ~= $0 }) { return nil }
        return KeyReport(
            .unknown, code: .validationError,
            message: "the key has a character, a space or a line break perhaps, that no header may carry")
    }

    static func json(_ reply: WholeReply) -> JSONTree? {
        do throws(JSONSyntaxError) { return try JSONTree(parsing: reply.body) } catch { return nil }
    }

    /// Names from a list of objects, bounded.
    static func names(_ list: [JSONTree], _ member: String) -> [String] {
        list.prefix(KeyDetails.listMax).compactMap { $0[member]?.string }.map {
            String($0.prefix(nameCharactersMax))
        }
    }

    static func texts(_ list: [JSONTree]) -> [String] {
        list.prefix(KeyDetails.listMax).compactMap(\.string).map { String($0.prefix(nameCharactersMax)) }
    }

    /// As a number is spelled, in a string or not.
    static func amount(_ value: JSONTree?) -> String? {
        switch value {
        case .string(let text), .number(let text): text
        case .object, .array, .bool, .null, nil: nil
        }
    }

    static func requestID(of reply: WholeReply) -> String? {
        let headers = reply.headers
        let told = headers["x-request-id"] ?? headers["request-id"] ?? requestID(in: json(reply))
        guard let told, !told.isEmpty, told.utf8.count <= requestIDCharactersMax,
            told.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
        else { return nil }
        return told
    }

    /// In the body's own field, or in `google.rpc.RequestInfo` among an error's details.
    private static func requestID(in tree: JSONTree?) -> String? {
        let details = tree?["error"]?["details"]?.elements ?? []
        return tree?["request_id"]?.string ?? details.compactMap { $0["requestId"]?.string }.first
    }

    static func organisation(of reply: WholeReply) -> String? {
        let headers = reply.headers
        let name = headers["openai-organization"] ?? headers["anthropic-organization-id"]
        return name.map { String($0.prefix(nameCharactersMax)) }
    }

    /// What a good verdict says, and what it does not say.
    static func sentence(_ report: KeyReport, _ vendor: String, hasKey: Bool) -> String {
        guard hasKey else { return "\(vendor) answers; it was asked without a key" }
        switch report.proof.mayGenerate {
        case true: return "\(vendor) knows the key, and says that it may generate"
        case false: return "\(vendor) knows the key, and says that it may not generate"
        case nil: return "\(vendor) knows the key; whether it may generate was not tried"
        }
    }
}
