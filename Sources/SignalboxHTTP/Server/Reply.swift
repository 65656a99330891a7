/// A complete reply: status, header fields and body.
///
/// Content-Length, Date and Connection are libmicrohttpd's business.
public struct Reply: Sendable {
    public var status: Int
    /// Names and values, without line breaks.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
