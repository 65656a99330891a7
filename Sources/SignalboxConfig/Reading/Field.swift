import Yams

/// One value of the file with its address, so that whatever is wrong with it can be said on the spot.
struct Field {
    enum Shape {
        case nothing
        case scalar(String)
        case alias
        case list(Node.Sequence)
        case mapping(Node.Mapping)
    }

    let node: Node
    /// Such as `providers[1].timeouts.connect`.
    let path: String
    let file: String
    let ledger: MistakeLedger

    var shape: Shape {
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain
            if isPlain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .nothing }
            if isPlain, Disguise.isAlias(scalar.string) { return .alias }
            return .scalar(Disguise.revealed(scalar.string))
        case .sequence(let sequence): return .list(sequence)
        case .mapping(let mapping): return .mapping(mapping)
        case .alias: return .alias
        }
    }

    func child(_ node: Node, _ step: String) -> Field {
        Field(node: node, path: path + step, file: file, ledger: ledger)
    }

    func child(_ node: Node, key: String) -> Field {
        child(node, (path.isEmpty ? "" : ".") + Spelling.plain(Disguise.revealed(key)))
    }

    /// The remedy is only thought about while there is room for it: a guess at what was meant takes time.
    func refuse(_ problem: String, _ remedy: @autoclosure () -> String? = nil) {
        ledger.record(
            ConfigurationMistake(
                file: file, line: node.mark?.line, column: node.mark?.column, path: path, problem: problem,
                remedy: ledger.isFull ? nil : remedy()))
    }

    /// Says that the value is not even of the right shape. Does not repeat it: it may be a misplaced secret.
    func refuseShape(expected: String) {
        switch shape {
        case .nothing: refuse("has no value", "give it \(expected), or remove the key")
        case .alias: refuse("is an alias; anchors and aliases are not supported", "write the value out")
        case .scalar: refuse("is a single value where \(expected) belongs")
        case .list: refuse("is a list where \(expected) belongs")
        case .mapping: refuse("is a mapping where \(expected) belongs")
        }
    }
}

extension Field {
    /// The scalar as it is written, with or without quotes: a model may be called `123` or `yes`.
    func text(expected: String = "text") -> String? {
        guard case .scalar(let text) = shape else {
            refuseShape(expected: expected)
            return nil
        }
        guard hasNoTag else { return nil }
        return text
    }

    /// A text of one line: 1 to `bytesMax` bytes, no control characters, no spaces at its ends.
    func name(bytesMax: Int) -> String? {
        guard let text = text() else { return nil }
        guard !text.isEmpty, text.utf8.count <= bytesMax else {
            refuse(text.isEmpty ? "is empty" : "is longer than \(bytesMax) bytes")
            return nil
        }
        let isClean = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard isClean, text.first != " ", text.last != " " else {
            refuse("holds a control character, or a space at one of its ends")
            return nil
        }
        return text
    }

    /// `true` or `false`; YAML's older `yes` and `on` are too easily taken for text.
    func flag() -> Bool? {
        guard let text = text(expected: "true or false") else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            refuse("\(Spelling.quoted(text)) is neither true nor false")
            return nil
        }
    }

    func integer(in range: ClosedRange<Int>) -> Int? {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let text = text(expected: expected) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            refuse("\(Spelling.quoted(text)) is not \(expected)")
            return nil
        }
        return number
    }

    /// A decimal number from 0 to 1.
    func ratio() -> Double? {
        decimal(in: 0...1)
    }

    func decimal(in range: ClosedRange<Double>) -> Double? {
        let (low, high) = (YAMLText.plain(range.lowerBound), YAMLText.plain(range.upperBound))
        let expected = "a number from \(low) to \(high)"
        guard let text = text(expected: expected) else { return nil }
        let isDecimal = text.utf8.first.map { (0x30...0x39).contains($0) } == true
        guard isDecimal, !text.contains("x"), let number = Double(text), range.contains(number) else {
            refuse("\(Spelling.quoted(text)) is not \(expected)")
            return nil
        }
        return number
    }

    func duration(in range: ClosedRange<Duration>) -> Duration? {
        guard let text = text(expected: "a duration such as 10s") else { return nil }
        guard let duration = DurationText.parse(text) else {
            let needsUnit = !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            refuse(
                "\(Spelling.quoted(text)) is no duration",
                needsUnit
                    ? "add a unit: \(text)s or \(text)ms" : "write a whole number and ms, s, m, h or d: 10s")
            return nil
        }
        guard range.contains(duration) else {
            let (low, high) = (DurationText.print(range.lowerBound), DurationText.print(range.upperBound))
            refuse("\(text) is out of range", "it may be from \(low) to \(high)")
            return nil
        }
        return duration
    }

    func byteCount(in range: ClosedRange<Int>) -> Int? {
        guard let text = text(expected: "a size such as 32MiB") else { return nil }
        guard let bytes = ByteCountText.parse(text) else {
            refuse(
                "\(Spelling.quoted(text)) is no size",
                "write bytes, or a whole number and KiB, MiB, GiB: 32MiB")
            return nil
        }
        guard range.contains(bytes) else {
            let (low, high) = (ByteCountText.print(range.lowerBound), ByteCountText.print(range.upperBound))
            refuse("\(text) is out of range", "it may be from \(low) to \(high)")
            return nil
        }
        return bytes
    }

    /// One word of a closed list. `later` are words of the design that no code stands behind yet.
    func choice<Choice: RawRepresentable & CaseIterable>(_ noun: String, later: [String] = []) -> Choice?
    where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue)
        guard let text = text(expected: "one of " + words.joined(separator: ", ")) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        if later.contains(text) {
            refuse(
                "the \(noun) \(Spelling.quoted(text)) is not built yet",
                "use \(words.joined(separator: " or "))")
            return nil
        }
        refuse(
            "\(Spelling.quoted(text)) is no \(noun)",
            Spelling.suggestion(for: text, among: words) ?? "it may be \(words.joined(separator: ", "))")
        return nil
    }

    /// The entries of a list, at most `max`; nothing at all counts as an empty list.
    func list(max: Int, expected: String) -> [Field]? {
        switch shape {
        case .nothing: return []
        case .list(let nodes):
            guard nodes.count <= max else {
                refuse("has \(nodes.count) entries; the most is \(max)")
                return nil
            }
            return nodes.enumerated().map { child($1, "[\($0)]") }
        case .scalar, .alias, .mapping:
            refuseShape(expected: expected)
            return nil
        }
    }

    private var hasNoTag: Bool {
        guard let tag = node.scalar?.tag.rawValue, !tag.isEmpty, tag != Tag.Name.str.rawValue else {
            return true
        }
        refuse("has the tag \(Spelling.quoted(tag))", "remove it; tags mean nothing here")
        return false
    }
}
