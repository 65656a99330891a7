import SignalboxCore

extension JSONTree {
    /// A list of numbers; nil where an element is none.
    var numbers: [Double]? {
        guard let elements else { return nil }
        let numbers = elements.compactMap(\.double)
        return numbers.count == elements.count ? numbers : nil
    }
}
