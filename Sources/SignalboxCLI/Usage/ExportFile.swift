import Glibc

/// A file that gets its name when it is whole.
struct ExportFile {
    let descriptor: Int32
    private let path: String
    private var temporary: String { "\(path).new" }

    init(_ path: String) throws(CommandFailure) {
        self.path = path
        descriptor = open("\(path).new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("\(path).new") }
    }

    /// Safe on the disk, and in its place.
    func finish() throws(CommandFailure) {
        guard fsync(descriptor) == 0 || errno == EINVAL, rename(temporary, path) == 0 else {
            throw Self.failure(path)
        }
        close(descriptor)
    }

    func abandon() {
        close(descriptor)
        unlink(temporary)
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure(message: "\(path) cannot be written: \(String(cString: strerror(errno)))", status: 1)
    }
}
