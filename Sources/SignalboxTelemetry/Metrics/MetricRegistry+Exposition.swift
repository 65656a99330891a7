extension MetricRegistry {
    /// Appends every metric in a stable order: by name, then by label values.
    ///
    /// Samples go on being counted meanwhile; a histogram's `_count` always equals its infinite bucket.
    public func render(_ format: ExpositionFormat, into bytes: inout [UInt8]) {
        let snapshot = snapshot()
        switch format {
        case .text: TextExposition(format: .text, hasCreatedLines: false).append(snapshot, to: &bytes)
        case .openMetrics:
            TextExposition(format: .openMetrics, hasCreatedLines: options.createdLines)
                .append(snapshot, to: &bytes)
        case .protobuf: bytes += ProtobufExposition.bytes(of: snapshot)
        }
    }

    /// The text format 0.0.4.
    public func renderText(into text: inout [UInt8]) {
        render(.text, into: &text)
    }
}
