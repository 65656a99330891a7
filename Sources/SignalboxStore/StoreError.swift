/// Why the store did not do what it was asked to do.
package enum StoreError: Error, Sendable, Equatable {
    /// Records fill as much as they may, and somebody waits for each of them.
    case full(sizeMax: Int)
    /// The disk did not take it, or did not give it back: SQLite's words.
    case disk(String)
    /// As many records as may wait for the disk do so.
    case backlog(pendingMax: Int)
    case closed
    /// Another process has the directory; its number where that is known.
    case inUse(path: String, process: Int32?)
    /// A newer version of the program has written it.
    case newer(path: String)
    /// What is on disk is no database, or a broken one.
    case damaged(String)
    /// There is no such endpoint or delivery, or not in that state.
    case unknown(String)
    /// SQLite would not do it, and nothing is wrong with the disk: its words.
    case refused(String)
    /// What the caller's own encoding said.
    case encoding(String)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .full(let sizeMax): "usage records fill the \(sizeMax) bytes that they may"
        case .disk(let words): "the disk of the usage records: \(words)"
        case .backlog(let pendingMax): "\(pendingMax) usage records wait for the disk"
        case .closed: "the store of usage records is closed"
        case .inUse(let path, let process):
            "\(path) is in use by \(process.map { "process \($0)" } ?? "another process")"
        case .newer(let path): "\(path) was written by a newer version of signalbox"
        case .damaged(let words): "the usage records are damaged: \(words)"
        case .unknown(let what): "there is no \(what)"
        case .refused(let words): "the usage records' database refused: \(words)"
        case .encoding(let words): "a delivery could not be written: \(words)"
        }
    }
}

extension StoreError {
    /// Whether everything else that is written now would meet it too.
    var isOfDisk: Bool {
        switch self {
        case .full, .disk, .damaged, .closed: true
        case .backlog, .inUse, .newer, .unknown, .encoding, .refused: false
        }
    }
}

/// Whether records can be kept.
package enum StoreCondition: Sendable, Equatable {
    case healthy
    /// They cannot. The store tries again by itself.
    case full(StoreError)
}
