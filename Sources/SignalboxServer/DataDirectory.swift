import Glibc
import SignalboxHTTP

/// Files that the daemon leaves for others.
enum DataDirectory {
    /// Replaces a file in one step, so that a reader sees the old one or the new one; makes the directory.
    static func write(_ bytes: [UInt8], to path: String, in directory: String) throws(SystemError) {
        if mkdir(directory, 0o755) != 0, errno != EEXIST { throw SystemError("mkdir", code: errno) }
        let temporary = "\(path).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError("open", code: errno) }
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let code = errno
        close(descriptor)
        guard count == bytes.count else { throw SystemError("write", code: code) }
        guard rename(temporary, path) == 0 else { throw SystemError("rename", code: errno) }
    }
}
