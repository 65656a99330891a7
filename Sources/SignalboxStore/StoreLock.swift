import Glibc

/// The lock by which a directory has one store at a time. It ends with its process, however that ends.
struct StoreLock: Sendable {
    let descriptor: Int32
    /// Whether another store has had this directory before.
    let isKnownPlace: Bool

    init(_ files: StoreFiles) throws(StoreError) {
        isKnownPlace = StoreFiles.size(of: files.lock) != nil
        descriptor = open(files.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreFiles.failure("open", files.lock) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            let failure = StoreFiles.failure("flock", files.lock)
            let owner = Self.owner(descriptor)
            close(descriptor)
            throw isTaken ? .inUse(path: files.directory, process: owner) : failure
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            let failure = StoreFiles.failure("write", files.lock)
            close(descriptor)
            throw failure
        }
    }

    func release() {
        close(descriptor)
    }

    private static func owner(_ descriptor: Int32) -> Int32? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: text.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
