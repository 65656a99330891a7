import Glibc

/// Whether SQLite's write-ahead log is as the last process left it.
///
/// SQLite reads a log up to the first frame that is broken and takes the rest for a transaction that was
/// never committed, silently. That is right after a crash, and wrong where the file was damaged: then records
/// are missing that somebody was told are on disk. The difference is in the files: the index beside the log
/// knows how many frames were committed, as it is written after the log has been synced, and frames of
/// several commits after a broken one cannot come from one torn write.
///
/// The format: https://www.sqlite.org/fileformat2.html#walformat and https://www.sqlite.org/walformat.html.
struct LogInspection {
    enum Verdict: Equatable {
        /// There is nothing in it.
        case empty
        /// All that was committed is there; at its end may be what was not.
        case whole
        /// Commits are missing, or may be: in words.
        case damaged(String)
    }

    /// A log is emptied long before it is so large; what is behind is not looked at.
    static let bytesMax = 256 << 20

    private let log: [UInt8]
    private let index: Index?

    /// The header of the log's index. In the machine's own byte order.
    private struct Index {
        let frames: Int
        /// As many of them are in the database file.
        let checkpointed: Int
        let salts: ArraySlice<UInt8>

        init?(_ bytes: [UInt8]) {
            // Two copies of the header, which differ where a write was cut short, then the checkpoint's.
            guard bytes.count >= 136, bytes[0..<48] == bytes[48..<96], bytes[12] == 1 else { return nil }
            frames = Int(Self.word(bytes, 16))
            checkpointed = Int(Self.word(bytes, 96))
            salts = bytes[32..<40]
        }

        private static func word(_ bytes: [UInt8], _ place: Int) -> UInt32 {
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: UInt32.self) }
        }
    }

    init(log: [UInt8], index: [UInt8]) {
        self.log = log
        self.index = Index(index)
    }

    var verdict: Verdict {
        guard !log.isEmpty else {
            return missing > 0
                ? .damaged("it is empty, and \(missing) of its pages are nowhere else") : .empty
        }
        guard let header = Header(log) else {
            return index != nil && missing == 0 ? .whole : .damaged("it does not begin as a log does")
        }
        let read = header.frames(of: log)
        if let index, index.salts == header.salts {
            let needed = index.frames > index.checkpointed ? index.frames : 0
            guard read.committed < needed else { return .whole }
            return .damaged("\(read.committed) of \(index.frames) committed pages can be read")
        }
        if read.commitsBehind > 1 {
            return .damaged("page \(read.valid + 1) is broken, with \(read.commitsBehind) commits behind it")
        }
        return .whole
    }

    private var missing: Int {
        index.map { max(0, $0.frames - $0.checkpointed) } ?? 0
    }
}

extension LogInspection {
    /// The log's own header.
    private struct Header {
        private static let length = 32
        private static let frameHeaderLength = 24

        let salts: ArraySlice<UInt8>
        private let pageSize: Int
        private let isBigEndian: Bool
        private let sum: Checksum

        /// Nil where it is none.
        init?(_ log: [UInt8]) {
            guard log.count >= Self.length else { return nil }
            let magic = Self.word(log, 0)
            guard magic & ~1 == 0x377F_0682 else { return nil }
            isBigEndian = magic & 1 == 1
            pageSize = Int(Self.word(log, 8))
            guard (512...65_536).contains(pageSize), pageSize & (pageSize - 1) == 0 else { return nil }
            salts = log[16..<24]
            var sum = Checksum()
            sum.add(log, 0..<24, isBigEndian)
            guard sum.first == Self.word(log, 24), sum.second == Self.word(log, 28) else { return nil }
            self.sum = sum
        }

        /// - Returns: how many frames follow each other soundly, how many of them are committed, and how
        ///   many commits of this log are in frames behind the first that is not sound.
        func frames(of log: [UInt8]) -> (valid: Int, committed: Int, commitsBehind: Int) {
            let stride = Self.frameHeaderLength + pageSize
            var (valid, committed, commitsBehind) = (0, 0, 0)
            var sum = sum
            var isSound = true
            var place = Self.length
            while place + stride <= log.count {
                let isOurs = log[place + 8..<place + 16] == salts
                let isCommit = Self.word(log, place + 4) != 0
                if isSound {
                    sum.add(log, place..<place + 8, isBigEndian)
                    sum.add(log, place + Self.frameHeaderLength..<place + stride, isBigEndian)
                    isSound =
                        isOurs && sum.first == Self.word(log, place + 16)
                        && sum.second == Self.word(log, place + 20)
                    if isSound { valid += 1 }
                    if isSound, isCommit { committed = valid }
                }
                if !isSound, isOurs, isCommit { commitsBehind += 1 }
                place += stride
            }
            return (valid, committed, commitsBehind)
        }

        private static func word(_ bytes: [UInt8], _ place: Int) -> UInt32 {
            bytes.withUnsafeBytes {
                UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt32.self))
            }
        }
    }

    /// The log's running checksum: two sums of 32 bits over pairs of words.
    private struct Checksum {
        var first: UInt32 = 0
        var second: UInt32 = 0

        mutating func add(_ bytes: [UInt8], _ range: Range<Int>, _ isBigEndian: Bool) {
            bytes.withUnsafeBytes { bytes in
                for place in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
                    let one = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
                    let two = bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
                    first &+= (isBigEndian ? UInt32(bigEndian: one) : UInt32(littleEndian: one)) &+ second
                    second &+= (isBigEndian ? UInt32(bigEndian: two) : UInt32(littleEndian: two)) &+ first
                }
            }
        }
    }
}
