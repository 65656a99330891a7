/// A path of the admin listener. A step in braces, as in `/admin/keys/{name}/check`, stands for any one step
/// that is not empty.
struct AdminPath: Sendable, Equatable, CustomStringConvertible {
    let description: String
    private let before: String
    /// Nil where every step is said.
    private let after: String?

    init(_ text: String) {
        description = text
        guard let opening = text.firstIndex(of: "{"), let closing = text.firstIndex(of: "}") else {
            (before, after) = (text, nil)
            return
        }
        before = String(text[..<opening])
        after = String(text[text.index(after: closing)...])
    }

    /// What `path`, its escapes resolved, has in place of the braces; empty where there are none, and nil for
    /// another path.
    func step(of path: String) -> String? {
        guard let after else { return path == before ? "" : nil }
        guard path.hasPrefix(before), path.hasSuffix(after),
            path.utf8.count > before.utf8.count + after.utf8.count
        else { return nil }
        let step = path.dropFirst(before.count).dropLast(after.count)
        return step.contains("/") ? nil : String(step)
    }
}
