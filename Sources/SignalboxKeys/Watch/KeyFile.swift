import Glibc
import SignalboxCore
import SignalboxHTTP

/// The file in which what is known of keys outlives the process. It holds fingerprints, never keys, and is
/// its owner's alone.
struct KeyFile: Sendable {
    let path: String

    /// A larger file is not read: ten thousand keys take a tenth of it.
    static let bytesMax = 64 << 20
    /// From one writing to the next, while the process runs.
    static let pause: Duration = .seconds(5)

    enum Finding: Sendable {
        case memory(KeyMemory)
        case missing
        /// Something stands there that this version cannot read.
        case damaged(String)
    }

    func read() -> Finding {
        let bytes: [UInt8]
        do throws(SystemError) {
            guard let found = try contents() else { return .missing }
            bytes = found
        } catch {
            return .damaged("\(error)")
        }
        guard bytes.count <= KeyFile.bytesMax else {
            return .damaged("larger than \(KeyFile.bytesMax) bytes")
        }
        do throws(JSONSyntaxError) {
            guard let memory = KeyMemory(try JSONTree(parsing: bytes)) else {
                return .damaged("not what this version writes")
            }
            return .memory(memory)
        } catch {
            return .damaged("not JSON")
        }
    }

    /// Replaces the file in one step, once the disk has the new one; makes its directory.
    func write(_ recollection: [KeyRecollection], salt: [UInt8]) throws(SystemError) {
        let bytes = KeyMemory.tree(recollection, salt: salt).json + [UInt8(ascii: "\n")]
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            let directory = String(path[..<slash])
            if mkdir(directory, 0o755) != 0, errno != EEXIST { throw SystemError("mkdir", code: errno) }
        }
        let temporary = "\(path).new"
        // Whatever an ended process left there, with whatever rights, is not written into.
        if unlink(temporary) != 0, errno != ENOENT { throw SystemError("unlink", code: errno) }
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", code: errno) }
        defer { close(descriptor) }
        try KeyFile.write(bytes, to: descriptor)
        guard fsync(descriptor) == 0 else { throw SystemError("fsync", code: errno) }
        guard rename(temporary, path) == 0 else { throw SystemError("rename", code: errno) }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(SystemError) {
        var count = 0
        while count < bytes.count {
            let result = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + count }, bytes.count - count)
            }
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { throw SystemError("write", code: errno) }
            count += result
        }
    }

    /// Up to a byte more than may be; nil where there is no file.
    private func contents() throws(SystemError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("open", code: errno)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= KeyFile.bytesMax {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read", code: errno) }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return bytes
    }
}
