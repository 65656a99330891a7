import CZlib

/// gzip (RFC 1952) of whole bodies, by zlib.
public enum Gzip {
    /// Of zlib's nine, for metrics. They repeat themselves so much that a higher one gains little.
    public static let expositionLevel: Int32 = 1

    /// Nil where zlib has no memory.
    public static func compress(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8]? {
        var stream = z_stream()
        guard signalbox_gzip_deflate_init(&stream, level) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        var input = bytes
        var result = Z_OK
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        let output = [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            result = input.withUnsafeMutableBufferPointer { source in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                return deflate(&stream, Z_FINISH)
            }
            count = target.count - Int(stream.avail_out)
        }
        return result == Z_STREAM_END ? output : nil
    }

    /// One gzip member, whole and nothing after it.
    /// - Throws: ``GzipError/tooLarge(limit:)`` as soon as the output passes `bytesMax`.
    public static func decompress(_ bytes: [UInt8], bytesMax: Int) throws(GzipError) -> [UInt8] {
        var stream = z_stream()
        guard signalbox_gzip_inflate_init(&stream) == Z_OK else { throw .noMemory }
        defer { inflateEnd(&stream) }
        var output: [UInt8] = []
        var input = bytes
        let step = 64 << 10
        var buffer = [UInt8](repeating: 0, count: step)
        let failure: GzipError? = input.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            while true {
                let result = buffer.withUnsafeMutableBufferPointer { target in
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(step)
                    return inflate(&stream, Z_NO_FLUSH)
                }
                let count = step - Int(stream.avail_out)
                guard output.count + count <= bytesMax else { return .tooLarge(limit: bytesMax) }
                output.append(contentsOf: buffer[..<count])
                switch result {
                case Z_STREAM_END: return stream.avail_in == 0 ? nil : .corrupt
                case Z_OK where stream.avail_out == 0 || stream.avail_in > 0: continue
                case Z_OK, Z_BUF_ERROR: return .truncated
                case Z_MEM_ERROR: return .noMemory
                default: return .corrupt
                }
            }
        }
        if let failure { throw failure }
        return output
    }
}

/// Why bytes could not be decompressed.
public enum GzipError: Error, Sendable, Equatable, CustomStringConvertible {
    case corrupt
    case truncated
    case tooLarge(limit: Int)
    case noMemory

    public var description: String {
        switch self {
        case .corrupt: "the data is corrupt"
        case .truncated: "the data ends too early"
        case .tooLarge(let limit): "it is larger than \(limit) bytes when decompressed"
        case .noMemory: "zlib has no memory"
        }
    }
}
