import Yams

/// Turns a file's bytes into nodes, or its mistakes into the ledger; safe for any bytes.
struct YAMLDocument {
    let file: String
    let ledger: MistakeLedger

    /// Nil where there is a mistake already; an empty file is an empty mapping.
    func root(of bytes: [UInt8]) -> Field? {
        let withoutMark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        guard let text = String(validating: withoutMark, as: UTF8.self) else {
            ledger.record(
                ConfigurationMistake(file: file, problem: "is not UTF-8 text", remedy: "save it as UTF-8"))
            return nil
        }
        if let place = Disguise.firstCollision(in: text) {
            let before = text[..<place]
            refuse("holds a private-use character", line: before.count(where: \.isNewline) + 1, column: nil)
            return nil
        }
        var duplicates = DuplicateKeys(text: Disguise.hidingAliases(in: text))
        while true {
            do {
                // Without rules no word turns into a number or date: the schema says what it is, and it is
                // faster.
                let node = try compose(yaml: duplicates.text, .basic) ?? Node([(Node, Node)]())
                let root = Field(node: node, path: "", file: file, ledger: ledger)
                duplicates.report(in: root)
                return root
            } catch let error as YamlError {
                if case .duplicatedKeysInMapping(let names, let context) = error,
                    duplicates.mask(names.first ?? "", at: context.mark)
                {
                    continue
                }
                record(error, in: text)
            } catch {
                refuse("cannot be read as YAML", line: nil, column: nil)
            }
            return nil
        }
    }

    private func record(_ error: YamlError, in text: String) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let setting = context.map { " \($0.text) (line \($0.mark.line))" } ?? ""
            refuse(
                "\(problem)\(setting)", line: mark.line, column: mark.column,
                remedy: remedy(for: line(mark.line, of: text)))
        case .composer(_, _, let mark, _):
            // Its other case is an unknown alias, and there are none left.
            refuse("a second document begins here", line: mark.line, column: mark.column, remedy: "remove it")
        case .duplicatedKeysInMapping(let names, let context):
            let list = names.map { Spelling.quoted(Disguise.revealed($0)) }.joined(separator: ", ")
            refuse(
                "keys are given twice: \(list)", line: context.mark.line, column: context.mark.column,
                remedy: "remove one")
        case .reader(let problem, let offset, _, _):
            let before = offset.map { text.prefix($0) }
            refuse(problem, line: before.map { $0.count(where: \.isNewline) + 1 }, column: nil)
        case .memory:
            refuse("is too large to be read", line: nil, column: nil)
        case .no, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            refuse("cannot be read as YAML", line: nil, column: nil)
        }
    }

    private func refuse(_ problem: String, line: Int?, column: Int?, remedy: String? = nil) {
        ledger.record(
            ConfigurationMistake(file: file, line: line, column: column, problem: problem, remedy: remedy))
    }

    private func line(_ number: Int, of text: String) -> Substring {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.contains(number - 1) ? lines[number - 1] : ""
    }

    private func remedy(for line: Substring) -> String? {
        if line.prefix(while: \.isWhitespace).contains("\t") { return "indent with spaces, not tabs" }
        if line.contains("[::") { return "put an IPv6 address in quotes" }
        return nil
    }
}
