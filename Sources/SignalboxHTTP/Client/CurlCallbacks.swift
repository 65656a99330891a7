import CCurl
import CLinux
import Glibc

// curl's callbacks: file-level, so that they inherit nobody's isolation. All run on the client's loop.

/// The client's table holds the transfer while curl speaks to it.
@inline(__always)
private func with<Answer>(
    _ context: UnsafeMutableRawPointer, _ body: (Transfer) -> Answer
) -> Answer {
    Unmanaged<Transfer>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
}

private func client(_ context: UnsafeMutableRawPointer?) -> HTTPClient? {
    context.map { Unmanaged<HTTPClient>.fromOpaque($0).takeUnretainedValue() }
}

func transferHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context, let bytes else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return with(context) { $0.receiveHeader(line) } ? line.count : 0
}

func transferBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context, let bytes else { return 0 }
    return with(context) { $0.receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) }
}

func transferUpload(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context, let bytes else { return Int(CURL_READFUNC_ABORT) }
    let room = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
    return with(context) { $0.upload(into: room) }
}

func transferRewind(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32) -> Int32 {
    guard let context, origin == SEEK_SET else { return CURL_SEEKFUNC_CANTSEEK }
    return with(context) { $0.rewind(to: Int(offset)) } ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
}

func handleSends(
    _ context: UnsafeMutableRawPointer?, _ remoteAddress: UnsafeMutablePointer<CChar>?,
    _ localAddress: UnsafeMutablePointer<CChar>?, _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    guard let context else { return CURL_PREREQFUNC_ABORT }
    let handle = Unmanaged<CurlHandle>.fromOpaque(context).takeUnretainedValue()
    return handle.maySend(to: remoteAddress) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

func clientOpensSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let client = client(context), let address else { return CURL_SOCKET_BAD }
    let descriptor = signalbox_socket(
        address.pointee.family, address.pointee.socktype, address.pointee.protocol)
    if descriptor >= 0 { client.opened(descriptor) }
    return descriptor
}

func handleOpensSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let context, let address else { return CURL_SOCKET_BAD }
    return Unmanaged<CurlHandle>.fromOpaque(context).takeUnretainedValue().openSocket(to: address)
}

func clientClosesSocket(_ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t) -> Int32 {
    client(context)?.closing(socket)
    return close(socket)
}

func clientSocketChanged(
    _ easy: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ wanted: Int32,
    _ context: UnsafeMutableRawPointer?, _ socketContext: UnsafeMutableRawPointer?
) -> Int32 {
    client(context)?.socketChanged(socket, wanted)
    return 0
}

func clientTimerChanged(
    _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    client(context)?.timerChanged(milliseconds: milliseconds)
    return 0
}
