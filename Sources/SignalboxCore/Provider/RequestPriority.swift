/// How urgent a request is, as its caller says.
public enum RequestPriority: String, Sendable, Hashable, CaseIterable {
    case critical, high, normal, low
}
