/// The bounds of one span. What exceeds one is left out or cut, and `SpanRecord.dropped` says how much.
public struct SpanLimits: Sendable, Hashable {
    public var attributesMax: Int
    public var eventsMax: Int
    public var linksMax: Int
    /// Attributes of one event or link.
    public var nestedAttributesMax: Int
    /// A text, or the texts of a list together, in bytes; what is longer is cut and ends in `…`.
    public var valueBytesMax: Int
    /// Elements of a list; further ones are left out.
    var elementsMax: Int { valueBytesMax / 8 }
    /// A span's or an event's name and an attribute's key; what is longer is cut and ends in `…`.
    static let nameBytesMax = 256

    /// The defaults are those of OpenTelemetry's SDKs, but for the values' length, which has no bound there.
    public init(
        attributesMax: Int = 128, eventsMax: Int = 128, linksMax: Int = 128, nestedAttributesMax: Int = 128,
        valueBytesMax: Int = 8 << 10
    ) {
        self.attributesMax = max(0, attributesMax)
        self.eventsMax = max(0, eventsMax)
        self.linksMax = max(0, linksMax)
        self.nestedAttributesMax = max(0, nestedAttributesMax)
        self.valueBytesMax = max(16, valueBytesMax)
    }
}
