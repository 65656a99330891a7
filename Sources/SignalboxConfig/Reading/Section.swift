import Yams

/// A mapping of the file whose keys have been checked against the schema.
struct Section {
    let field: Field
    private let schema: Schema
    private var fields: [String: Field] = [:]

    /// Nil, with the mistake recorded, for anything but a mapping; nothing at all counts as an empty one.
    init?(_ field: Field, _ schema: Schema) {
        self.field = field
        self.schema = schema
        switch field.shape {
        case .nothing: break
        case .mapping(let mapping):
            for (key, value) in mapping { enter(key, value) }
        case .scalar, .alias, .list:
            field.refuseShape(expected: "a mapping")
            return nil
        }
    }

    /// The value of a key; nil where the file does not have it.
    subscript(key: String) -> Field? {
        precondition(schema.keys.contains(key), "\(key) is missing in the schema of \(schema.place)")
        return fields[key]
    }

    /// The value of a key that must be there.
    func required(_ key: String, remedy: String) -> Field? {
        if let field = self[key] { return field }
        field.child(field.node, key: key).refuse("is missing", remedy)
        return nil
    }

    /// Overwrites the default in `value` with what the file says, if it says it.
    func set<Value>(_ value: inout Value, _ key: String, _ read: (Field) -> Value?) {
        if let field = self[key], let found = read(field) { value = found }
    }

    /// What the file says, or the default where it says nothing; nil where it is wrong.
    func value<Value>(_ key: String, default value: Value, _ read: (Field) -> Value?) -> Value? {
        guard let field = self[key] else { return value }
        return read(field)
    }

    private mutating func enter(_ key: Node, _ value: Node) {
        guard let name = key.scalar?.string else {
            field.child(key, "").refuse("has a list or mapping as a key", "write a plain word")
            return
        }
        if Disguise.keyMaskNumber(of: name) != nil { return }
        if schema.keys.contains(name) {
            fields[name] = field.child(value, key: name)
            return
        }
        let unknown = field.child(key, key: name)
        if NotBuilt.keys.contains(where: { $0.place == schema && $0.key == name }) {
            unknown.refuse("is not built yet", "remove it")
        } else if name == "<<" {
            unknown.refuse("merge keys are not supported", "repeat the keys")
        } else {
            unknown.refuse("is no key of \(schema.place)", remedy(for: name))
        }
    }

    private func remedy(for name: String) -> String {
        if let suggestion = Spelling.suggestion(for: name, among: schema.keys) { return suggestion }
        // Of two, the nearer one; of two as near, the file's first.
        let homes = Schema.allCases.filter { $0.keys.contains(name) }
        if let nearest = homes.map(schema.kinship).max(),
            let home = homes.first(where: { schema.kinship(with: $0) == nearest })
        {
            return "it belongs at \(home.place)"
        }
        return "known here are \(schema.keys.joined(separator: ", "))"
    }
}
