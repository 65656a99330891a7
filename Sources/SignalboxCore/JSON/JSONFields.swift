/// Where the top-level fields of a JSON object stand in its bytes.
public struct JSONFields: Sendable {
    public init() {}
}
