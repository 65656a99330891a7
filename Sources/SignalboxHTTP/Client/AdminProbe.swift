import CCurl
public import SignalboxCore

/// Blocking requests to a daemon's admin listener, for commands that have no event loop.
public struct AdminProbe: Sendable {
    /// Where the listener is, such as `http://127.0.0.1:9464`.
    public let address: String
    /// Sent as `Authorization: Bearer`; nil where the listener asks for none.
    public let token: Secret?
    /// A PEM file of authorities that replaces the system's.
    public let authorityFile: String?
    /// For one request.
    public let limit: Duration

    /// The largest answer that is read, in bytes.
    public static let answerBytesMax = 16 << 20

    public init(
        address: String, token: Secret? = nil, authorityFile: String? = nil, limit: Duration = .seconds(5)
    ) {
        self.address = address
        self.token = token
        self.authorityFile = authorityFile
        self.limit = limit
    }

    /// GETs `path`.
    /// - Throws: ``TransportError`` where no whole answer came.
    public func get(_ path: String) throws(TransportError) -> (status: Int, body: [UInt8]) {
        try send(path, isPost: false)
    }

    /// POSTs nothing to `path`, which says what is wanted.
    /// - Throws: ``TransportError`` where no whole answer came.
    public func post(_ path: String) throws(TransportError) -> (status: Int, body: [UInt8]) {
        try send(path, isPost: true)
    }

    private func send(_ path: String, isPost: Bool) throws(TransportError) -> (status: Int, body: [UInt8]) {
        guard let easy = curl_easy_init() else { throw .local("curl has no memory for a handle") }
        defer { curl_easy_cleanup(easy) }
        var fields: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(fields) }
        if let token { fields = curl_slist_append(fields, "authorization: Bearer \(token.reveal())") }
        let answer = Answer()
        try Self.check(signalbox_curl_set_string(easy, CURLOPT_URL, address + path))
        try Self.check(signalbox_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        try Self.check(signalbox_curl_set_string(easy, CURLOPT_PROXY, ""))
        try Self.check(signalbox_curl_set_long(easy, CURLOPT_NOSIGNAL, 1))
        try Self.check(
            signalbox_curl_set_long(easy, CURLOPT_TIMEOUT_MS, Int(clamping: limit.millisecondsRoundedUp)))
        try Self.check(signalbox_curl_set_pointer(easy, CURLOPT_HTTPHEADER, fields))
        if isPost { try Self.check(signalbox_curl_set_string(easy, CURLOPT_COPYPOSTFIELDS, "")) }
        if let authorityFile {
            try Self.check(signalbox_curl_set_string(easy, CURLOPT_CAINFO, authorityFile))
        }
        try Self.check(signalbox_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION, keepBytes))
        try Self.check(
            signalbox_curl_set_pointer(easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(answer).toOpaque()))
        try withExtendedLifetime(answer) { () throws(TransportError) in
            try Self.check(curl_easy_perform(easy))
        }
        var status = 0
        try Self.check(signalbox_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status))
        return (status, answer.body)
    }

    private static func check(_ code: CURLcode) throws(TransportError) {
        guard code == CURLE_OK else { throw .unreachable(String(cString: curl_easy_strerror(code))) }
    }
}

private final class Answer {
    var body: [UInt8] = []
}

private func keepBytes(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let context else { return 0 }
    let answer = Unmanaged<Answer>.fromOpaque(context).takeUnretainedValue()
    // Taking fewer bytes than came ends the transfer in an error.
    guard answer.body.count + size * count <= AdminProbe.answerBytesMax else { return 0 }
    answer.body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}
