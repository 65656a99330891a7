import SignalboxCore
import Yams

extension ConfigurationReading {
    /// Headers that frame the message are ours to write.
    private static let reserved: Set<String> = [
        "connection", "content-length", "content-type", "expect", "host", "keep-alive", "proxy-connection",
        "te",
        "trailer", "transfer-encoding", "upgrade",
    ]

    /// - Parameter others: names, in lower case, that are taken here too.
    func headers(_ field: Field, beside others: Set<String> = []) -> [Configuration.Header]? {
        guard case .mapping(let mapping) = field.shape else {
            if case .nothing = field.shape { return [] }
            field.refuseShape(expected: "a mapping of header names to values")
            return nil
        }
        guard mapping.count <= 64 else {
            field.refuse("has \(mapping.count) entries; the most is 64")
            return nil
        }
        var found: [String: Configuration.Header] = [:]
        for (key, value) in mapping {
            let written = key.scalar?.string ?? ""
            if Disguise.keyMaskNumber(of: written) != nil { continue }
            let name = Disguise.revealed(written).lowercased()
            guard isAllowed(name, beside: others, at: field.child(key, key: written)) else { continue }
            if found[name] != nil { field.child(key, key: written).refuse("is given twice", "remove one") }
            guard let value = headerValue(field.child(value, key: written), of: name) else { continue }
            found[name] = Configuration.Header(name: name, value: value)
        }
        return found.values.sorted { $0.name < $1.name }
    }

    private func isAllowed(_ name: String, beside others: Set<String>, at field: Field) -> Bool {
        guard let flaw = others.contains(name) ? Self.isOurs : Self.flaw(inHeaderNamed: name) else {
            return true
        }
        field.refuse(flaw.problem, flaw.remedy)
        return false
    }

    /// Nil for a header that may be sent; the name in lower case.
    static func flaw(inHeaderNamed name: String) -> (problem: String, remedy: String?)? {
        let isToken = { (byte: UInt8) in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
                || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
        guard !name.isEmpty, name.utf8.count <= 128, name.utf8.allSatisfy(isToken) else {
            return ("is no header name", nil)
        }
        guard reserved.contains(name) else { return nil }
        return isOurs
    }

    private static let isOurs: (problem: String, remedy: String?) = (
        "is a header that Signalbox writes itself", "remove it"
    )

    private func headerValue(_ field: Field, of name: String) -> Secret? {
        guard let text = field.text(expected: "a header's value") else { return nil }
        if case .literal = SecretReference(text), !secrets.allowsLiterals,
            Configuration.Header.isConfidential(name)
        {
            return secrets.secret(in: field)
        }
        return secrets.headerValue(in: field, literal: text)
    }
}
