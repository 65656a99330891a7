/// How urgent a request is, as its caller says.
public enum RequestPriority: String, Sendable, Hashable, CaseIterable {
    case critical, high, normal, low

    /// 0 for the most urgent.
    public var rank: Int {
        switch self {
        case .critical: 0
        case .high: 1
        case .normal: 2
        case .low: 3
        }
    }
}
