import SignalboxCore

extension Gzip {
    /// Whether a client with this `Accept-Encoding` would rather have a body packed than plain.
    ///
    /// `gzip` may hide behind `*`, and `gzip;q=0` refuses it. A client that does not mention `identity` takes
    /// it only as a last resort (RFC 9110, section 12.5.3).
    public static func isPreferred(acceptEncoding: String?) -> Bool {
        guard let acceptEncoding else { return false }
        let choices = AcceptField(acceptEncoding).choices
        func weight(of codings: String...) -> Double? {
            choices.filter { codings.contains($0.name) }.map(\.weight).max()
        }
        guard let gzip = weight(of: "gzip", "x-gzip") ?? weight(of: "*"), gzip > 0 else { return false }
        return gzip >= weight(of: "identity") ?? 0
    }
}
