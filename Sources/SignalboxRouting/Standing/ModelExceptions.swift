import SignalboxCore

/// The models with which a key may not do what it may with the others: those for which it rests, and those to
/// which it has no access.
///
/// Bounded: the exception that ends first is forgotten for a new one, and met again if it still holds.
struct ModelExceptions: Sendable {
    static let max = 32

    struct Entry: Sendable {
        let model: Int
        var rest = Rest()
        var access = Exclusion()

        var until: Instant { Swift.max(rest.until, access.reason == nil ? .past : access.until) }
    }

    private(set) var entries: [Entry] = []

    @inline(__always)
    subscript(model: Int) -> Entry? {
        entries.isEmpty ? nil : entries.first { $0.model == model }
    }

    /// Changes the model's exception, which begins if there is none.
    mutating func change<Result>(_ model: Int, _ body: (inout Entry) -> Result) -> Result {
        if let index = entries.firstIndex(where: { $0.model == model }) { return body(&entries[index]) }
        if entries.count == Self.max { forgetFirstToEnd() }
        entries.append(Entry(model: model))
        return body(&entries[entries.count - 1])
    }

    /// Changes the model's exception if there is one, and ends it if nothing is left of it.
    mutating func changeIfAny(_ model: Int, at now: Instant, _ body: (inout Entry) -> Void) {
        guard !entries.isEmpty, let index = entries.firstIndex(where: { $0.model == model }) else { return }
        body(&entries[index])
        if entries[index].access.reason == nil, entries[index].rest.isOver(at: now) {
            entries.remove(at: index)
        }
    }

    mutating func forget(_ model: Int) {
        entries.removeAll { $0.model == model }
    }

    private mutating func forgetFirstToEnd() {
        guard let index = entries.indices.min(by: { entries[$0].until < entries[$1].until }) else { return }
        entries.remove(at: index)
    }
}
