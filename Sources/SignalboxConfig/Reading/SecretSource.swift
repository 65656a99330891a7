import SignalboxCore

/// Turns references into secrets: `env:NAME`, `env:PREFIX*`, `file:PATH`.
struct SecretSource {
    static let secretBytesMax = 8_192
    static let keysMax = 1_000

    let environment: [String: String]
    let read: ConfigurationLoader.FileReading
    let allowsLiterals: Bool

    /// The keys that a reference or a list of them names, called `<owner>-0`, `<owner>-1`, …
    func keys(in field: Field, owner: String) -> [PlacedKey] {
        var secrets: [(Secret, Field)] = []
        switch field.shape {
        case .scalar, .alias, .mapping, .nothing:
            secrets = resolve(field).map { ($0, field) }
        case .list:
            let entries =
                field.list(max: Self.keysMax, expected: "env:NAME, file:PATH or a list of them") ?? []
            if entries.isEmpty { field.refuse("is an empty list", "name a key, or remove it") }
            for entry in entries { secrets += resolve(entry).map { ($0, entry) } }
        }
        if secrets.count > Self.keysMax {
            field.refuse("stands for \(secrets.count) keys; the most is \(Self.keysMax)")
        }
        return secrets.prefix(Self.keysMax).enumerated().map { number, secret in
            PlacedKey(key: Configuration.Key(alias: "\(owner)-\(number)", secret: secret.0), field: secret.1)
        }
    }

    /// The one secret that a reference names; nil with the mistake recorded.
    /// - Parameter allowsSpaces: whether it may hold them, though not at its ends.
    func secret(in field: Field, allowingSpaces allowsSpaces: Bool = false) -> Secret? {
        let secrets = resolve(field, allowsSpaces)
        if secrets.count > 1 { field.refuse("stands for \(secrets.count) secrets where one belongs") }
        return secrets.first
    }

    /// A header's value: a reference, or the text itself. Beside a key it may hold a scheme: `Bearer …`.
    func headerValue(in field: Field, literal text: String) -> Secret? {
        if text.hasPrefix("env:") || text.hasPrefix("file:") {
            return secret(in: field, allowingSpaces: true)
        }
        guard text.utf8.count <= Self.secretBytesMax, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            field.refuse("holds a line break or another control character, or is longer than 8KiB")
            return nil
        }
        return Secret(text)
    }

    /// What makes a text useless as a key, said without repeating it.
    static func flaw(in text: String, allowingSpaces allowsSpaces: Bool = false) -> String? {
        if text.isEmpty { return "is empty" }
        if text.utf8.count > secretBytesMax { return "is longer than 8KiB" }
        if allowsSpaces {
            let isVisible = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
            if isVisible, !text.hasPrefix(" "), !text.hasSuffix(" ") { return nil }
            return "holds a line break or another character that no header has, or a space at one of its ends"
        }
        if !text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            return "holds a space, a line break or another character that no key has"
        }
        return nil
    }

    private func resolve(_ field: Field, _ allowsSpaces: Bool = false) -> [Secret] {
        guard let text = field.text(expected: "env:NAME or file:PATH") else { return [] }
        let value: Secret?
        switch SecretReference(text) {
        case .variable(let name): value = variable(name, for: field, allowsSpaces)
        case .variables(let prefix): return variables(prefix, for: field)
        case .file(let path): value = content(of: path, for: field, allowsSpaces)
        case .malformed:
            field.refuse("names no variable and no file", "write env:NAME, env:PREFIX* or file:PATH")
            return []
        case .literal: value = literal(text, for: field)
        }
        return value.map { [$0] } ?? []
    }

    private func literal(_ text: String, for field: Field) -> Secret? {
        guard allowsLiterals else {
            field.refuse(
                "holds a secret itself",
                "write env:NAME or file:PATH instead, or set allow_literal_secrets: true"
            )
            return nil
        }
        return checked(text, named: "the value", for: field)
    }

    private func variable(_ name: String, for field: Field, _ allowsSpaces: Bool = false) -> Secret? {
        guard let value = environment[name] else {
            field.refuse(
                "the environment variable \(name) is not set",
                Spelling.suggestion(for: name, among: environment.keys.sorted()))
            return nil
        }
        return checked(value, named: "the environment variable \(name)", for: field, allowsSpaces)
    }

    private func variables(_ prefix: String, for field: Field) -> [Secret] {
        let names = NumberedVariables.names(startingWith: prefix, in: environment)
        if names.isEmpty {
            field.refuse("no environment variable \(prefix)0, \(prefix)1, … is set")
        }
        return names.compactMap { variable($0, for: field) }
    }

    private func content(of path: String, for field: Field, _ allowsSpaces: Bool) -> Secret? {
        do {
            var bytes = try read(path, Self.secretBytesMax + 2)[...]
            while let last = bytes.last, last == 0x0A || last == 0x0D { bytes = bytes.dropLast() }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                field.refuse("the file \(Spelling.quoted(path)) is not text")
                return nil
            }
            return checked(text, named: "the file \(Spelling.quoted(path))", for: field, allowsSpaces)
        } catch {
            field.refuse("the file \(Spelling.quoted(path)) \(error.problem)")
            return nil
        }
    }

    private func checked(
        _ text: String, named name: String, for field: Field, _ allowsSpaces: Bool = false
    ) -> Secret? {
        if let flaw = Self.flaw(in: text, allowingSpaces: allowsSpaces) {
            field.refuse("\(name) \(flaw)")
            return nil
        }
        return Secret(text)
    }
}

/// A key and where it stands in the file, so that a clash can be placed.
struct PlacedKey {
    var key: Configuration.Key
    var field: Field
}

/// What a value says about where its secret is.
enum SecretReference {
    case variable(String)
    /// All numbered variables of a prefix.
    case variables(prefix: String)
    case file(String)
    /// Meant as a reference, but naming nothing.
    case malformed
    /// The secret itself.
    case literal

    init(_ text: String) {
        if text.hasPrefix("env:") {
            var name = text.dropFirst(4)
            let isPrefix = name.hasSuffix("*")
            if isPrefix { name = name.dropLast() }
            guard NumberedVariables.isName(name) else {
                self = .malformed
                return
            }
            self = isPrefix ? .variables(prefix: String(name)) : .variable(String(name))
        } else if text.hasPrefix("file:") {
            let path = String(text.dropFirst(5))
            self = path.isEmpty || path.utf8.contains(0) ? .malformed : .file(path)
        } else {
            self = .literal
        }
    }
}

/// `PREFIX`, `PREFIX0`, `PREFIX1`, …
enum NumberedVariables {
    /// Those that are set and not empty: the bare name first, then by number, so that 2 comes before 10.
    static func names(startingWith prefix: String, in environment: [String: String]) -> [String] {
        func place(_ name: String) -> (Int, String, String) {
            let digits = name.dropFirst(prefix.count).drop { $0 == "0" }
            return (name.count == prefix.count ? -1 : digits.count, String(digits), name)
        }
        return environment.filter { name, value in
            name.hasPrefix(prefix) && !value.isEmpty
                && name.dropFirst(prefix.count).utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        }
        .keys.sorted { place($0) < place($1) }
    }

    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first), text.utf8.count <= 256 else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x5F
        }
    }
}

extension UnreadableFile {
    /// Follows the file's name in a message.
    var problem: String {
        switch self {
        case .missing: "does not exist"
        case .tooLarge: "is too large"
        case .unreadable(let reason): "cannot be read (\(reason))"
        }
    }
}
