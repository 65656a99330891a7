import SignalboxCore

/// Who sends: what OpenTelemetry calls a resource, its attributes encoded once.
public struct ExportResource: Sendable, Hashable {
    /// By key.
    public let attributes: [SpanRecord.Attribute]
    /// The inside of a `Resource` message.
    let encoded: [UInt8]

    /// - Parameters:
    ///   - configured: attributes from configuration; they win over those that follow by themselves.
    ///   - instance: tells this process from others of the same service: `service.instance.id`.
    public init(configured: [String: String] = [:], instance: String) {
        var all = [
            "service.name": "signalbox", "service.version": Build.version, "service.instance.id": instance,
            // What makes the telemetry, as the conventions ask of each implementation by its own name.
            "telemetry.sdk.name": "signalbox", "telemetry.sdk.language": "swift",
            "telemetry.sdk.version": Build.version,
        ]
        all.merge(configured) { _, configured in configured }
        attributes = all.sorted { $0.key < $1.key }.map { SpanRecord.Attribute($0.key, .string($0.value)) }
        var writer = ProtobufWriter()
        writer.attributes(1, attributes)
        encoded = writer.take()
    }

    /// A random name for a process (a UUID of version 4, RFC 9562).
    public static func randomInstance(using random: inout some RandomNumberGenerator) -> String {
        let (high, low): (UInt64, UInt64) = (random.next(), random.next())
        // The version's four bits, and the variant's two.
        let marked = TraceID(high: high & ~0xF000 | 0x4000, low: low & ~(3 << 62) | 2 << 62)
        let digits = marked.description
        var text = ""
        for (place, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(place) { text.append("-") }
            text.append(digit)
        }
        return text
    }
}

/// A request's outer two messages, alike for the three signals: one resource, and within it the records by
/// their scope.
struct ExportEnvelope {
    let resource: ExportResource

    /// The scope of what Signalbox itself records.
    static let ownScope = InstrumentationScope(name: "signalbox", version: Build.version)

    /// An `Export…ServiceRequest`.
    func encode(_ writeScopes: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { envelope in
            envelope.bytes(1, resource.encoded)
            writeScopes(&envelope)
        }
        return writer.take()
    }
}
