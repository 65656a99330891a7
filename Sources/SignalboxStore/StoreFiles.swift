import Glibc

/// The names of what is in the directory.
struct StoreFiles {
    let directory: String

    init(_ directory: String) {
        self.directory = directory
    }

    var database: String { "\(directory)/usage.db" }
    var log: String { "\(directory)/usage.db-wal" }
    var index: String { "\(directory)/usage.db-shm" }
    var lock: String { "\(directory)/usage.lock" }
    /// Stands there while the file is as the last run left it on purpose.
    var cleanMark: String { "\(directory)/usage.clean" }

    var bytes: Int {
        [database, log].reduce(0) { $0 + (Self.size(of: $1) ?? 0) }
    }

    /// Nil where there is no such file.
    static func size(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }
}
