import Glibc

/// The one thread that writes to the log's descriptor.
enum LogThread {
    /// What the new thread is given; it owns both from then on.
    fileprivate final class Start {
        let descriptor: Int32
        let queue: LogQueue

        init(descriptor: Int32, queue: LogQueue) {
            self.descriptor = descriptor
            self.queue = queue
        }
    }

    /// Should the system refuse a thread, the queue stops: lines are dropped and counted, and nobody waits.
    static func start(descriptor: Int32, queue: LogQueue) {
        let start = Unmanaged.passRetained(Start(descriptor: descriptor, queue: queue))
        var thread = pthread_t()
        guard pthread_create(&thread, nil, runLogThread, start.toOpaque()) == 0 else {
            start.release()
            queue.stop()
            queue.giveUp()
            return
        }
        pthread_detach(thread)
    }

    private static let lineFeed = UInt8(ascii: "\n")

    fileprivate static func run(_ descriptor: Int32, _ queue: LogQueue) {
        blockBrokenPipeSignal()
        var batch: [UInt8] = []
        var isLineOpen = false
        while queue.takeBatch(into: &batch) {
            // Half a line went out before an earlier failure: end it, or it would spoil the next one.
            if isLineOpen { isLineOpen = [lineFeed].withUnsafeBytes { write($0, to: descriptor) } == 0 }
            let written = batch.withUnsafeBytes { write($0, to: descriptor) }
            if written > 0 { isLineOpen = batch[written - 1] != lineFeed }
            queue.finishBatch(linesLost: batch[written...].count { $0 == lineFeed })
        }
    }

    /// The number of bytes written: fewer than given only if the descriptor will take no more.
    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let result = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if result >= 0 {
                written += result
            } else if errno == EAGAIN {
                // Somebody made the descriptor non-blocking, as a terminal shared with another program may be.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                break
            }
        }
        return written
    }

    /// A reader that goes away must cost lines, not the process.
    private static func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}

private func runLogThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<LogThread.Start>.fromOpaque(argument).takeRetainedValue()
    LogThread.run(start.descriptor, start.queue)
    return nil
}
