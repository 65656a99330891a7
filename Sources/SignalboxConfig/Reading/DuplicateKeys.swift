import Yams

/// Keys that are given twice in one mapping.
///
/// Yams stops at the first. So that key's first letter is masked, which moves nothing, and the file is read again: thus
/// every such key is found, and with them all other mistakes.
struct DuplicateKeys {
    private(set) var text: String
    private var names: [String] = []

    init(text: String) {
        self.text = text
    }

    /// Hides the key at `mark`; false if it cannot, or if there have been too many.
    mutating func mask(_ name: String, at mark: Mark) -> Bool {
        guard let replacement = Disguise.keyMask(names.count), let letter = name.unicodeScalars.first
        else { return false }
        var scalars = Array(text.unicodeScalars)
        var position = 0
        for _ in 1..<max(mark.line, 1) {
            guard let end = scalars[position...].firstIndex(of: "\n") else { return false }
            position = end + 1
        }
        position += mark.column - 1
        if position < scalars.count, scalars[position] == "\"" || scalars[position] == "'" { position += 1 }
        guard position < scalars.count, scalars[position] == letter else { return false }
        scalars[position] = replacement
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        text = String(view)
        names.append(Disguise.revealed(name))
        return true
    }

    /// Records each hidden key at the place of the one that repeats it.
    func report(in field: Field) {
        guard !names.isEmpty else { return }
        switch field.shape {
        case .nothing, .scalar, .alias: break
        case .list(let nodes):
            for (position, node) in nodes.enumerated() { report(in: field.child(node, "[\(position)]")) }
        case .mapping(let mapping):
            reportKeys(of: mapping, in: field)
            for (key, node) in mapping { report(in: field.child(node, key: key.scalar?.string ?? "")) }
        }
    }

    private func reportKeys(of mapping: Node.Mapping, in field: Field) {
        var first: [String: Int] = [:]
        for (key, _) in mapping {
            guard let spelled = key.scalar?.string else { continue }
            let mask = Disguise.keyMaskNumber(of: spelled)
            let name = mask.map { names[$0] } ?? Disguise.revealed(spelled)
            if let line = first[name] {
                field.child(key, key: name).refuse("is given twice, first on line \(line)", "remove one")
            } else if mask != nil {
                first[name] = key.mark?.line ?? 0
            }
        }
    }
}
