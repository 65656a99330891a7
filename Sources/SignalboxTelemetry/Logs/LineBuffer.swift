import Glibc

/// Lends each thread the memory for the line it is writing, so that a line costs no allocation.
enum LineBuffer {
    /// What a thread keeps between lines; a longer one is given back to the system.
    private static let keptBytesMax = 64 << 10

    fileprivate final class Box {
        var bytes: LineBytes?
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        return pthread_key_create(&key, releaseLineBuffer) == 0 ? key : .max
    }()

    /// Empty, with room. A line that is logged while another is being written simply gets a fresh one.
    static func take() -> LineBytes {
        if let box, let bytes = box.bytes.take() { return bytes }
        return LineBytes()
    }

    static func giveBack(_ bytes: consuming LineBytes) {
        guard bytes.capacity <= keptBytesMax, let box else { return }
        bytes.removeAll()
        box.bytes = consume bytes
    }

    private static var box: Box? {
        if let known = pthread_getspecific(key) {
            return Unmanaged<Box>.fromOpaque(known).takeUnretainedValue()
        }
        let fresh = Unmanaged.passRetained(Box())
        guard pthread_setspecific(key, fresh.toOpaque()) == 0 else {
            fresh.release()
            return nil
        }
        return fresh.takeUnretainedValue()
    }
}

/// Called by the C library on the thread that exits.
private func releaseLineBuffer(_ box: UnsafeMutableRawPointer?) {
    if let box { Unmanaged<LineBuffer.Box>.fromOpaque(box).release() }
}
