import CCurl
import SignalboxCore

/// One blocking GET, for commands that have no event loop.
public enum HealthProbe {
    /// The status of the reply at `url`; the body is thrown away.
    public static func status(of url: String, within limit: Duration) throws(TransportError) -> Int {
        guard let easy = curl_easy_init() else { throw .local("curl has no memory for a handle") }
        defer { curl_easy_cleanup(easy) }
        let milliseconds = Int(clamping: limit.millisecondsRoundedUp)
        try check(signalbox_curl_set_string(easy, CURLOPT_URL, url))
        try check(signalbox_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        try check(signalbox_curl_set_long(easy, CURLOPT_NOSIGNAL, 1))
        try check(signalbox_curl_set_long(easy, CURLOPT_TIMEOUT_MS, milliseconds))
        try check(signalbox_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION, discardBody))
        try check(curl_easy_perform(easy))
        var status = 0
        try check(signalbox_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status))
        return status
    }

    private static func check(_ code: CURLcode) throws(TransportError) {
        guard code == CURLE_OK else { throw .unreachable(String(cString: curl_easy_strerror(code))) }
    }
}

private func discardBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    size * count
}
