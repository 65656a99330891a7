import CMicrohttpd

/// Owns one libmicrohttpd response until it is queued, which takes a reference of its own.
struct MicrohttpdResponse: ~Copyable {
    private let handle: OpaquePointer
    private let status: UInt32

    init?(_ reply: Reply, stream: ReplyStream?) {
        let created: OpaquePointer?
        if let stream {
            let context = Unmanaged.passRetained(stream)
            created = MHD_create_response_from_callback(
                stream.size, MicrohttpdResponse.blockBytes, readBody, context.toOpaque(), freeBody)
            if created == nil { context.release() }
        } else {
            var body = reply.body
            created = body.withUnsafeMutableBytes {
                MHD_create_response_from_buffer($0.count, $0.baseAddress, .RESPMEM_MUST_COPY)
            }
        }
        guard let created else { return nil }
        handle = created
        status = UInt32(reply.status)
    }

    /// libmicrohttpd asks a stream for at most this much at once.
    private static let blockBytes = 16 << 10

    deinit {
        MHD_destroy_response(handle)
    }

    /// False where memory is short or the response comes at the wrong time: the connection is then to be
    /// closed.
    func queue(on connection: OpaquePointer, headers: [(name: String, value: String)]) -> Bool {
        for (name, value) in headers {
            // libmicrohttpd refuses empty values and line breaks: better no field than no reply.
            let result = name.withCString { name in
                value.withCString { MHD_add_response_header(handle, name, $0) }
            }
            assert(result == .YES, "libmicrohttpd refuses the field \(name)")
        }
        return MHD_queue_response(connection, status, handle) == .YES
    }
}

// File-level, so that they inherit nobody's isolation.

private func readBody(
    _ context: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: Int
) -> Int {
    guard let context, let buffer else { return signalbox_mhd_end_with_error() }
    let stream = Unmanaged<ReplyStream>.fromOpaque(context).takeUnretainedValue()
    return stream.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
}

private func freeBody(_ context: UnsafeMutableRawPointer?) {
    if let context { Unmanaged<ReplyStream>.fromOpaque(context).release() }
}
