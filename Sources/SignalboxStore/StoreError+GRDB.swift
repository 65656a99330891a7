internal import GRDB

extension StoreError {
    /// What went wrong in a read.
    init(reading error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(error)
        default: self = .disk("\(error)")
        }
    }

    init(_ error: DatabaseError) {
        let words = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(words)
        case .SQLITE_MISUSE: self = .closed
        case .SQLITE_CONSTRAINT, .SQLITE_ERROR, .SQLITE_TOOBIG, .SQLITE_RANGE, .SQLITE_MISMATCH:
            self = .refused("\(words) (\(error.extendedResultCode.rawValue))")
        default: self = .disk("\(words) (\(error.extendedResultCode.rawValue))")
        }
    }
}
