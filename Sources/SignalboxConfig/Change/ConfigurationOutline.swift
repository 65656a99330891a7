/// A description's values by their places, such as `providers[groq].timeouts.connect`: what two
/// configurations are compared by.
///
/// Whatever a description shows is compared, under the name that it has in the file; so nobody who adds a
/// setting has to remember this. Secrets are all `•••` here.
struct ConfigurationOutline {
    private(set) var values: [String: String] = [:]

    init(_ configuration: Configuration) {
        var place: [String] = []
        for line in configuration.describe().split(separator: "\n") {
            let content = line.drop { $0 == " " }
            let depth = (line.count - content.count) / 2
            place.removeLast(place.count - min(place.count, depth))
            if content.hasPrefix("- ") {
                read(content.dropFirst(2), isFirstOfEntry: true, in: &place)
            } else {
                read(content, isFirstOfEntry: false, in: &place)
            }
        }
    }

    /// Where the two differ, in alphabetical order.
    func differences(from other: ConfigurationOutline) -> [String] {
        Set(values.keys).union(other.values.keys).filter { values[$0] != other.values[$0] }.sorted()
    }

    private mutating func read(_ content: Substring, isFirstOfEntry: Bool, in place: inout [String]) {
        guard let separator = content.firstRange(of: ": ") else {
            return place.append(String(content.dropLast()))
        }
        let value = String(content[separator.upperBound...])
        let key = String(content[..<separator.lowerBound])
        if isFirstOfEntry {
            // A provider may be a target twice: then the place counts, too.
            var label = "[\(value)]"
            while values[Self.path(place + [label, key])] != nil { label += "'" }
            place.append(label)
        }
        values[Self.path(place + [key])] = value
    }

    private static func path(_ parts: [String]) -> String {
        parts.reduce(into: "") { path, part in
            path += path.isEmpty || part.hasPrefix("[") ? part : ".\(part)"
        }
    }
}
