import Glibc

/// The store's files, and what is done to them beside SQLite.
struct StoreFiles: Sendable {
    let directory: String
    private let name: String

    init(_ directory: String, name: String = "usage.db") {
        self.directory = directory
        self.name = name
    }

    var database: String { "\(directory)/\(name)" }
    var log: String { database + "-wal" }
    var index: String { database + "-shm" }
    /// Where what can be read of a damaged file is written, and its name once that is done.
    var salvage: StoreFiles { StoreFiles(directory, name: "usage.db.salvage") }
    var salvaged: String { "\(directory)/usage.db.salvaged" }
    var lock: String { "\(directory)/usage.lock" }
    /// Stands there, with the traits of the database, while that is as the last run left it on purpose.
    var cleanMark: String { "\(directory)/usage.clean" }

    /// Put there by whoever restores a backup: sequences after it have been given out.
    var restoredMark: String { "\(directory)/usage.restored" }

    /// Of records, wherever they are.
    var bytes: Int {
        [database, log].reduce(0) { $0 + (Self.size(of: $1) ?? 0) }
    }

    /// Nil where there is no such file.
    static func size(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    static func failure(_ call: String, _ path: String) -> StoreError {
        .disk("\(call) \(path): \(String(cString: strerror(errno)))")
    }

    /// Up to so many bytes of a file; none where there is no file.
    static func read(_ path: String, bytesMax: Int) throws(StoreError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw failure("open", path)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: min(bytesMax, size(of: path) ?? 0))
        var count = 0
        while count < bytes.count {
            let wanted = bytes.count - count
            let result = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, wanted)
            }
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw failure("read", path) }
            if result == 0 { break }
            count += result
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Writes a file anew, for its owner alone, and waits for the disk.
    static func write(_ bytes: [UInt8], to path: String) throws(StoreError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        var count = 0
        while count < bytes.count {
            let result = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + count }, bytes.count - count)
            }
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { throw failure("write", path) }
            count += result
        }
        guard fsync(descriptor) == 0 else { throw failure("fsync", path) }
    }

    /// Makes sure that names which were added or taken away stay so.
    func syncDirectory() throws(StoreError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", directory) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure("fsync", directory) }
    }

    static func remove(_ path: String) throws(StoreError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("unlink", path) }
    }

    static func move(_ path: String, to other: String) throws(StoreError) {
        guard rename(path, other) == 0 || errno == ENOENT else { throw failure("rename", path) }
    }
}

// The mark of a clean stop.
extension StoreFiles {
    /// Whether the database is as the last run left it; takes the mark away.
    func takeCleanMark() throws(StoreError) -> Bool {
        let mark = try Self.read(cleanMark, bytesMax: 128)
        try Self.remove(cleanMark)
        try syncDirectory()
        return !mark.isEmpty && (Self.size(of: log) ?? 0) == 0 && mark == traits
    }

    func leaveCleanMark() throws(StoreError) {
        guard let traits else { return }
        try Self.write(traits, to: cleanMark)
        try syncDirectory()
    }

    /// By which one sees whether somebody else has written to the database since.
    private var traits: [UInt8]? {
        var status = stat()
        guard stat(database, &status) == 0 else { return nil }
        return Array("\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)\n".utf8)
    }
}
