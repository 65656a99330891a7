import SignalboxCore

/// Makes a JSON schema one that Gemini takes for a function's parameters: a subset of OpenAPI 3.0's, where
/// anything else is refused by name.
///
/// What only narrows the values is left out; what the shape depends on (`$ref`, `allOf`, `oneOf`, `const`,
/// lists of types) is written in the words that are known.
struct GeminiSchema {
    /// References are written out where they stand: as a few bytes can refer to each other to any size, there
    /// is an end.
    static let nodesMax = 4_096

    private var definitions: [String: JSONTree]
    private let path: String
    private var nodesLeft = GeminiSchema.nodesMax

    /// Carried over as they are.
    private static let kept: Set<String> = [
        "title", "description", "nullable", "minItems", "maxItems", "minProperties", "maxProperties",
        "minLength", "maxLength", "pattern", "example", "default", "minimum", "maximum", "propertyOrdering",
    ]
    /// The formats that are known; another is refused.
    private static let formats: Set<String> = [
        "enum", "date-time", "float", "double", "int32", "int64",
    ]

    /// - Throws: of kind `invalidRequest` where the schema is too large once written out.
    static func cleaned(_ schema: JSONTree, at path: String) throws(UpstreamFailure) -> JSONTree {
        var definitions: [String: JSONTree] = [:]
        for place in ["definitions", "$defs"] {
            for member in schema[place]?.members ?? [] {
                definitions["#/\(place)/\(member.name)"] = member.value
            }
        }
        var cleaner = GeminiSchema(definitions: definitions, path: path)
        cleaner.definitions["#"] = schema
        return try cleaner.clean(schema, within: ["#"])
    }

    private init(definitions: [String: JSONTree], path: String) {
        self.definitions = definitions
        self.path = path
    }

    /// - Parameter open: the references that are being written out around this place.
    private mutating func clean(
        _ schema: JSONTree, within open: Set<String>
    ) throws(UpstreamFailure) -> JSONTree {
        nodesLeft -= 1
        guard nodesLeft >= 0 else {
            throw .refused(
                path,
                "`\(path)` has more than \(GeminiSchema.nodesMax) parts with its references written out.")
        }
        // A schema that contains itself ends here as an object of any kind.
        var open = open
        guard let members = resolved(schema, opening: &open) else { return .object(["type": "object"]) }
        var result: [JSONTree.Member] = []
        for member in members { try clean(member, into: &result, within: open) }
        keepStringEnums(in: &result)
        return .object(result)
    }

    /// The schema with what it refers to and the parts of `allOf` in it; its own words win. Nil for what is
    /// no object, and for a reference that is open already.
    private func resolved(_ schema: JSONTree, opening open: inout Set<String>) -> [JSONTree.Member]? {
        guard var members = schema.members else { return nil }
        var rest = [schema]
        while let next = rest.popLast() {
            var added = next["allOf"]?.elements ?? []
            if let name = next["$ref"]?.string, let definition = definitions[name] {
                guard open.insert(name).inserted else { return nil }
                added.append(definition)
            }
            for member in added.flatMap({ $0.members ?? [] }) { add(member, to: &members) }
            rest += added
        }
        return members
    }

    private func add(_ member: JSONTree.Member, to members: inout [JSONTree.Member]) {
        guard let index = members.firstIndex(where: { $0.name == member.name }) else {
            members.append(member)
            return
        }
        switch (members[index].value, member.value) {
        case (.object(let old), .object(let new)) where member.name == "properties":
            let names = Set(old.map(\.name))
            members[index].value = .object(old + new.filter { !names.contains($0.name) })
        case (.array(let old), .array(let new)) where member.name == "required":
            members[index].value = .array(old + new.filter { !old.contains($0) })
        default: break
        }
    }

    private mutating func clean(
        _ member: JSONTree.Member, into result: inout [JSONTree.Member], within open: Set<String>
    ) throws(UpstreamFailure) {
        let (name, value) = (member.name, member.value)
        switch name {
        case "type": cleanType(value, into: &result)
        case "format":
            if let format = value.string, GeminiSchema.formats.contains(format) { result.append(member) }
        case "const": result.append(JSONTree.Member("enum", .array([value])))
        case "enum", "required": if value.elements?.isEmpty == false { result.append(member) }
        case "properties":
            guard let properties = value.members, !properties.isEmpty else { return }
            var cleaned: [JSONTree.Member] = []
            for property in properties {
                cleaned.append(
                    JSONTree.Member(property.name, try clean(property.value, within: open)))
            }
            result.append(JSONTree.Member("properties", .object(cleaned)))
        case "items": result.append(JSONTree.Member("items", try clean(value, within: open)))
        case "anyOf", "oneOf": try cleanChoice(value.elements ?? [], into: &result, within: open)
        default: if GeminiSchema.kept.contains(name) { result.append(member) }
        }
    }

    /// `["string", "null"]` is a string that may be null; of several types each is a choice.
    private func cleanType(_ value: JSONTree, into result: inout [JSONTree.Member]) {
        let types = (value.elements ?? [value]).filter { $0 != "null" }
        if types.count < (value.elements?.count ?? 1) { result.append(JSONTree.Member("nullable", true)) }
        if types.count == 1 {
            result.append(JSONTree.Member("type", types[0]))
        } else if types.count > 1 {
            let choices = types.map { JSONTree.object(["type": $0]) }
            result.append(JSONTree.Member("anyOf", .array(choices)))
        }
    }

    /// A choice between a schema and null is a schema that may be null.
    private mutating func cleanChoice(
        _ choices: [JSONTree], into result: inout [JSONTree.Member], within open: Set<String>
    ) throws(UpstreamFailure) {
        var cleaned: [JSONTree] = []
        for choice in choices where choice["type"] != "null" {
            cleaned.append(try clean(choice, within: open))
        }
        if cleaned.count < choices.count { result.append(JSONTree.Member("nullable", true)) }
        if cleaned.count == 1 {
            let names = Set(result.map(\.name))
            result += (cleaned[0].members ?? []).filter { !names.contains($0.name) }
        } else if !cleaned.isEmpty {
            result.append(JSONTree.Member("anyOf", .array(cleaned)))
        }
    }

    /// Only strings may be listed: of other values the list is left out, and a missing type is filled in.
    private func keepStringEnums(in result: inout [JSONTree.Member]) {
        guard let index = result.lastIndex(where: { $0.name == "enum" }) else { return }
        let values = result[index].value.elements ?? []
        let strings = values.filter { $0.string?.isEmpty == false }
        let type = result.last { $0.name == "type" }?.value
        guard !strings.isEmpty, type == nil || type == "string" else {
            result.removeAll { $0.name == "enum" }
            return
        }
        result[index].value = .array(strings)
        if type == nil { result.append(JSONTree.Member("type", "string")) }
    }
}
