public import SignalboxCore

/// Named within the record, so that who imports Tracing too does not have two of each.
extension SpanRecord {
    /// OpenTelemetry's kinds of span.
    public enum Kind: Sendable, Hashable, CaseIterable {
        case `internal`
        case server
        case client
        case producer
        case consumer
    }

    /// How a span ended, in OpenTelemetry's terms.
    public enum Status: Sendable, Hashable {
        /// Nobody said; it is not an error.
        case unset
        /// Somebody said that it went well.
        case ok
        /// The message is for people; empty where there is none. Never contains a key or a prompt.
        case error(String)
    }

    /// Something that happened during a span.
    public struct Event: Sendable, Hashable {
        public var name: String
        public var time: WallTime
        public var attributes: [Attribute]
        public var attributesDropped: Int

        public init(
            _ name: String, at time: WallTime, attributes: [Attribute] = [], attributesDropped: Int = 0
        ) {
            self.name = name
            self.time = time
            self.attributes = attributes
            self.attributesDropped = attributesDropped
        }
    }

    /// Another span that has to do with this one, without being its parent.
    public struct Link: Sendable, Hashable {
        public var context: TraceContext
        public var attributes: [Attribute]
        public var attributesDropped: Int

        public init(_ context: TraceContext, attributes: [Attribute] = [], attributesDropped: Int = 0) {
            self.context = context
            self.attributes = attributes
            self.attributesDropped = attributesDropped
        }
    }

    /// How many of each a span lost to its limits.
    public struct Drops: Sendable, Hashable {
        public var attributes = 0
        public var events = 0
        public var links = 0

        public init() {}
    }

    /// One attribute. Keys are unique within their list.
    public struct Attribute: Sendable, Hashable {
        public var key: String
        public var value: AttributeValue

        public init(_ key: String, _ value: AttributeValue) {
            self.key = key
            self.value = value
        }
    }
}
