import Glibc
import Synchronization

/// A small number that one thread owns while it lives: the index of its own cells in every metric.
///
/// A thread takes the lowest free number when it first counts something and gives it back when it exits. The lock
/// around both makes everything the old owner stored visible to the next, so the next one goes on from there.
/// Threads beyond `ownedMax` share number 0 and pay for real atomic additions.
@usableFromInline
enum ThreadSlot {
    static let shared = 0
    @usableFromInline static var ownedMax: Int { 64 }

    /// The thread-local value of a thread that found no number free; 0 means that it has not asked yet.
    private static let sharingMark = ownedMax + 1
    /// One bit for each free number: bit 0 stands for number 1.
    private static let free = Mutex<UInt64>(.max)
    private static let highestEver = Atomic<Int>(0)

    /// A key that `pthread_getspecific` knows nothing for makes every thread share, should the system have none left.
    static let key: pthread_key_t = {
        var key = pthread_key_t()
        return pthread_key_create(&key, releaseThreadSlot) == 0 ? key : .max
    }()

    /// No thread ever had a higher number: a scrape need not look further.
    static var highest: Int {
        highestEver.load(ordering: .acquiring)
    }

    static func current(_ key: pthread_key_t) -> Int {
        let known = Int(bitPattern: pthread_getspecific(key))
        if known == 0 { return take(key) }
        return known <= ownedMax ? known : shared
    }

    private static func take(_ key: pthread_key_t) -> Int {
        let slot = free.withLock { free in
            guard free != 0 else { return shared }
            let slot = free.trailingZeroBitCount + 1
            free &= free &- 1
            highestEver.max(slot, ordering: .releasing)
            return slot
        }
        let mark = slot == shared ? sharingMark : slot
        if pthread_setspecific(key, UnsafeRawPointer(bitPattern: mark)) == 0 { return slot }
        giveBack(slot)
        return shared
    }

    fileprivate static func giveBack(_ slot: Int) {
        guard slot != shared, slot <= ownedMax else { return }
        free.withLock { $0 |= 1 << UInt64(slot - 1) }
    }
}

/// Called by the C library on the thread that exits.
private func releaseThreadSlot(_ mark: UnsafeMutableRawPointer?) {
    ThreadSlot.giveBack(Int(bitPattern: mark))
}
