import CCurl
import SignalboxCore

/// Owns one curl easy handle, prepared for a template; used for one transfer after another.
///
/// Confined to its loop's thread.
final class CurlHandle {
    let easy: UnsafeMutableRawPointer
    private let address = curl_url()
    private var headers: HeaderList
    private let errorText: UnsafeMutablePointer<CChar>
    /// How often curl wanted to send the current request.
    private var sends = 0
    /// No kept connection is taken.
    private var isFresh = false
    private let method: RequestTemplate.Method
    private let addressGuard: AddressGuard?
    /// For the sockets of a guarded request, which the handle opens; the client outlives it.
    private let client: UnsafeMutableRawPointer
    /// The last address that the guard refused to the current request.
    private(set) var refusal: AddressGuard.Refusal?

    init(for template: RequestTemplate, client: UnsafeMutableRawPointer) throws(TransportError) {
        method = template.method
        addressGuard = template.addressGuard
        self.client = client
        headers = try HeaderList(CurlHandle.acceptEncoding(template) + template.headers)
        guard let easy = curl_easy_init() else { throw .local("curl has no memory for a handle") }
        self.easy = easy
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try prepareTarget(template)
        try prepareConnection(template)
        try prepareCallbacks()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_url_cleanup(address)
        errorText.deallocate()
    }

    /// curl's own words about the last failure, if it had any.
    func detail(_ code: CURLcode) -> String {
        errorText.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
    }

    /// Asked before each sending. Where a kept connection ends before a reply, curl would send the request
    /// again by itself, over other kept ones, up to five times: whether that is done is not its to decide.
    /// - Parameter address: the other side's, in curl's words.
    func maySend(to address: UnsafePointer<CChar>?) -> Bool {
        // A kept connection was opened under the guard of its day, which may not have been this one.
        if addressGuard != nil {
            guard let address, let parsed = IPAddress(String(cString: address)), mayConnect(to: parsed) else {
                return false
            }
        }
        sends += 1
        return sends == 1
    }

    /// Opens a socket of a guarded request to the address that curl is about to connect it to.
    func openSocket(to address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let bytes = UnsafeRawBufferPointer(
            start: signalbox_curl_address(address), count: Int(address.pointee.addrlen))
        let parsed = IPAddress(socketAddress: bytes)
        guard let parsed, mayConnect(to: parsed) else { return CURL_SOCKET_BAD }
        return clientOpensSocket(client, CURLSOCKTYPE_IPCXN, address)
    }

    private func mayConnect(to address: IPAddress) -> Bool {
        guard let refused = addressGuard?.refusal(of: address) else { return true }
        refusal = refused
        return false
    }

    /// The current request went out on a kept connection, which ended before any reply.
    var hasLostConnection: Bool { sends > 1 }

    /// Makes `transfer` the one that the callbacks speak to.
    /// - Parameter isFresh: it gets a connection of its own making, whatever is kept.
    func begin(
        _ transfer: UnsafeMutableRawPointer, body: [UInt8], headers: [RequestHeader], isFresh: Bool = false
    ) throws(TransportError) {
        errorText.pointee = 0
        sends = 0
        refusal = nil
        if isFresh != self.isFresh {
            try check(signalbox_curl_set_long(easy, CURLOPT_FRESH_CONNECT, isFresh ? 1 : 0))
            self.isFresh = isFresh
        }
        try check(signalbox_curl_set_pointer(easy, CURLOPT_PRIVATE, transfer))
        try check(signalbox_curl_set_pointer(easy, CURLOPT_WRITEDATA, transfer))
        try check(signalbox_curl_set_pointer(easy, CURLOPT_HEADERDATA, transfer))
        let isLarge = body.count > CurlHandle.copiedBodyBytesMax
        if try self.headers.prepare(for: headers, isLarge: isLarge) {
            try check(signalbox_curl_set_pointer(easy, CURLOPT_HTTPHEADER, self.headers.first))
        }
        switch method {
        case .get: return  // curl makes a POST of whatever is given a body, an empty one included
        case .post: try give(body, to: transfer, isLarge: isLarge)
        }
    }

    private func give(
        _ body: [UInt8], to transfer: UnsafeMutableRawPointer, isLarge: Bool
    ) throws(TransportError) {
        try check(signalbox_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, body.count))
        if !isLarge {
            try check(
                body.withUnsafeBytes {
                    signalbox_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
                })
        } else {
            // curl asks for the bytes piece by piece: no second copy of a large body.
            try check(signalbox_curl_set_pointer(easy, CURLOPT_POSTFIELDS, nil))
            try check(signalbox_curl_set_pointer(easy, CURLOPT_READDATA, transfer))
            try check(signalbox_curl_set_pointer(easy, CURLOPT_SEEKDATA, transfer))
        }
    }

    /// curl decodes what it is told to accept. Its own field for that it would write out anew for each
    /// transfer, letter by letter; one that it is given it only copies.
    private static func acceptEncoding(_ template: RequestTemplate) -> [(name: String, value: Secret)] {
        let isGiven = template.headers.contains { $0.name.lowercased() == "accept-encoding" }
        return isGiven ? [] : [("Accept-Encoding", Secret(codings))]
    }

    private static let codings = "gzip"

    /// Bytes of a reply that are read at once. curl takes and returns this memory for each transfer.
    private static let receivedBytesMax = 8 << 10

    /// A body up to this size travels in one packet train with the header.
    static let copiedBodyBytesMax = 16 << 10

    private func prepareTarget(_ template: RequestTemplate) throws(TransportError) {
        // Parsed once, here: from CURLOPT_URL curl would parse it again for each transfer.
        guard let address, curl_url_set(address, CURLUPART_URL, template.url, 0) == CURLUE_OK else {
            throw .local("not a URL: \(template.url)")
        }
        try check(signalbox_curl_set_pointer(easy, CURLOPT_CURLU, UnsafeRawPointer(address)))
        // The environment's proxies are not asked for, request by request.
        try check(signalbox_curl_set_string(easy, CURLOPT_PROXY, ""))
        try check(signalbox_curl_set_string(easy, CURLOPT_NOPROXY, "*"))
        try check(signalbox_curl_set_long(easy, CURLOPT_BUFFERSIZE, CurlHandle.receivedBytesMax))
        try check(signalbox_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        try check(signalbox_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0))
        switch template.method {
        case .get: try check(signalbox_curl_set_long(easy, CURLOPT_HTTPGET, 1))
        case .post: try check(signalbox_curl_set_long(easy, CURLOPT_POST, 1))
        }
        try check(signalbox_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headers.first))
        try check(signalbox_curl_set_string(easy, CURLOPT_ACCEPT_ENCODING, CurlHandle.codings))
    }

    private func prepareConnection(_ template: RequestTemplate) throws(TransportError) {
        let connect = Int(clamping: template.timeouts.connect.millisecondsRoundedUp)
        try check(signalbox_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, connect))
        try check(signalbox_curl_set_long(easy, CURLOPT_NOSIGNAL, 1))
        try check(signalbox_curl_set_long(easy, CURLOPT_TCP_NODELAY, 1))
        try check(signalbox_curl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1))
        try check(signalbox_curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)))
        guard template.url.hasPrefix("https:") else {
            // curl copies these defaults for each transfer, even where they have no use.
            try check(signalbox_curl_set_string(easy, CURLOPT_CAINFO, nil))
            try check(signalbox_curl_set_string(easy, CURLOPT_CAPATH, nil))
            return
        }
        // ALPN says at once whether requests can share a connection: wait for that word. Without TLS only the
        // first reply would say so, and every other request would wait for it.
        try check(signalbox_curl_set_long(easy, CURLOPT_PIPEWAIT, 1))
        try check(signalbox_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1))
        try check(signalbox_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2))
        if let file = template.authorityFile {
            try check(signalbox_curl_set_string(easy, CURLOPT_CAINFO, file))
        }
        if let identity = template.identity {
            try check(signalbox_curl_set_string(easy, CURLOPT_SSLCERT, identity.certificateFile))
            try check(
                signalbox_curl_set_string(
                    easy, CURLOPT_SSLKEY, identity.keyFile ?? identity.certificateFile))
        }
    }

    private func prepareCallbacks() throws(TransportError) {
        try check(signalbox_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        try check(signalbox_curl_set_data_callback(easy, CURLOPT_HEADERFUNCTION, transferHeader))
        try check(signalbox_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION, transferBody))
        try check(signalbox_curl_set_data_callback(easy, CURLOPT_READFUNCTION, transferUpload))
        try check(signalbox_curl_set_seek_callback(easy, transferRewind))
        try check(signalbox_curl_set_prereq_callback(easy, handleSends))
        // The handle outlives what it owns.
        let this = Unmanaged.passUnretained(self).toOpaque()
        try check(signalbox_curl_set_pointer(easy, CURLOPT_PREREQDATA, this))
        if addressGuard != nil {
            try check(signalbox_curl_set_open_callback(easy, handleOpensSocket))
            try check(signalbox_curl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, this))
        } else {
            try check(signalbox_curl_set_open_callback(easy, clientOpensSocket))
            try check(signalbox_curl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, client))
        }
        try check(signalbox_curl_set_close_callback(easy, clientClosesSocket))
        try check(signalbox_curl_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, client))
    }

    private func check(_ code: CURLcode) throws(TransportError) {
        guard code == CURLE_OK else { throw .local(String(cString: curl_easy_strerror(code))) }
    }
}

extension UnsafeMutablePointer<curl_slist> {
    fileprivate var last: UnsafeMutablePointer<curl_slist> {
        var node = self
        while let next = node.pointee.next { node = next }
        return node
    }
}
