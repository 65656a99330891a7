import Glibc
internal import GRDB
import SignalboxCore
import Synchronization

/// The one thread that writes.
final class WriterThread: Sendable {
    private let loop: WriterLoop
    private let end = CommitGroup()

    init(
        _ opened: OpenedStore, _ settings: StoreSettings, time: any TimeSource, inbox: Inbox,
        board: StoreBoard, observer: any StoreObserver
    ) {
        loop = WriterLoop(
            opened, LedgerWriter(settings, time: time, state: opened.state), inbox: inbox, board: board,
            observer: observer, end: end)
    }

    func start() throws {
        let start = Unmanaged.passRetained(loop)
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, runWriterThread, start.toOpaque())
        guard result == 0 else {
            start.release()
            throw StoreError.disk("pthread_create: \(result)")
        }
        pthread_detach(thread)
    }

    /// Returns once the thread has closed the file.
    func ended() async {
        do throws(StoreError) {
            try await end.settled()
        } catch {
            preconditionFailure("an end never fails")
        }
    }
}

private func runWriterThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<WriterLoop>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
