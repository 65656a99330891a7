import Synchronization

/// The states of a stateset, spelled as the values of its last label.
public typealias MetricState = CaseIterable & RawRepresentable<String> & Sendable

/// Which one of a closed list of states something is in, or none yet.
///
/// Exported as one sample per state, 1 for the current one and 0 for the others. It is kept as one number,
/// so a scrape never sees two states at once.
public struct StateSet<State: MetricState>: Sendable {
    let cells: CellRange

    public func enter(_ state: State) {
        let index = State.allCases.enumerated().first { $0.element.rawValue == state.rawValue }?.offset
        cells.setFloatingTotal(to: StateCode.number(index))
    }

    /// From here on no state is the current one.
    public func leave() {
        cells.setFloatingTotal(to: StateCode.number(nil))
    }

    public var current: State? {
        let states = Array(State.allCases)
        return StateCode.state(cells.floatingTotal(), of: states.count).map { states[$0] }
    }
}

/// A state's index as a number: 0 is none.
enum StateCode {
    static func number(_ index: Int?) -> Double {
        index.map { Double($0 + 1) } ?? 0
    }

    static func state(_ number: Double, of count: Int) -> Int? {
        guard let code = Int(exactly: number), (1...count).contains(code) else { return nil }
        return code - 1
    }
}

/// Resolves statesets: by the values of all labels but the last, which is the state's.
public struct StateSetFamily<State: MetricState>: Sendable {
    let family: MetricFamily
    var scope: SeriesScope?

    public func series(_ labels: String...) -> StateSet<State> {
        series(labels)
    }

    public func series(_ labels: [String]) -> StateSet<State> {
        StateSet(cells: family.cells(labels, for: scope))
    }

    func within(_ scope: SeriesScope) -> StateSetFamily {
        StateSetFamily(family: family, scope: scope)
    }
}
