/// The address of an OTLP receiver.
enum OTLPEndpoint {
    /// The URL to send to; nil unless `text` is one of `http` or `https`, without user and fragment.
    /// - Parameter path: put behind the address of a receiver as a whole, whatever its own path; nil for the
    ///   address of one signal, which is used as it is, a query included, and with `/` where it has no path
    ///   (OTLP exporter specification, "Endpoint URLs for OTLP/HTTP").
    static func url(_ text: String, appending path: String?) -> String? {
        let base = text.prefix { $0 != "?" }
        let query = text[base.endIndex...]
        guard let address = BaseURL(String(base)), isQuery(query) else { return nil }
        if let path { return query.isEmpty ? address.text + path : nil }
        return (address.path.isEmpty ? address.text + "/" : String(base)) + query
    }

    private static func isQuery(_ text: Substring) -> Bool {
        text.utf8.count <= 2_048
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
    }
}
