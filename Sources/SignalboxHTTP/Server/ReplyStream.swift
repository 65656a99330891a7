import CMicrohttpd
import SignalboxCore

/// The body of a reply that is written while the client reads it.
///
/// Bytes wait in a bounded buffer. When it is full the writer is suspended; when it is empty libmicrohttpd's
/// connection is. So a slow client pauses its provider, and a slow provider costs no thread.
///
/// Confined to its loop's thread.
public final class ReplyStream: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    fileprivate enum End {
        case open
        case finished
        /// The client must not take what it has for the whole answer.
        case broken
    }

    private unowned let room: LoopServer
    private let entry: ServerConnection
    private let bufferBytesMax: Int
    var connection: OpaquePointer?
    let size: UInt64
    private var pending: [UInt8] = []
    private var consumed = 0
    private var end: End = .open
    private var isGone = false
    private var writer: UnsafeContinuation<Void, Never>?
    /// libmicrohttpd's connection is suspended until there are bytes.
    private(set) var isWaitingForBytes = false

    init(exchange: Exchange, bufferBytesMax: Int) {
        room = exchange.room
        entry = exchange.entry
        self.bufferBytesMax = bufferBytesMax
        size = signalbox_mhd_size_unknown()
    }

    /// A body that is known whole, read in pieces rather than copied.
    init(exchange: Exchange, whole body: [UInt8]) {
        room = exchange.room
        entry = exchange.entry
        bufferBytesMax = body.count
        size = UInt64(body.count)
        pending = body
        end = .finished
    }

    /// Whether the client has left: further writes are thrown away, and the handler should end.
    public var isClientGone: Bool { isGone }

    /// Adds bytes, and waits while the buffer is full.
    /// - Throws: ``ClientGone`` once the client has left.
    public func write(_ bytes: some Collection<UInt8>) async throws(ClientGone) {
        if isGone { throw ClientGone() }
        precondition(end.isOpen, "a finished stream is not written to")
        pending.append(contentsOf: bytes)
        wakeReader()
        if pending.count - consumed > bufferBytesMax {
            await withUnsafeContinuation { writer = $0 }
        }
        if isGone { throw ClientGone() }
    }

    /// Ends the body: the client has it whole.
    public func finish() {
        guard end.isOpen else { return }
        end = .finished
        wakeReader()
    }

    /// Breaks the body off, so that the client sees it is not whole: the connection is closed without the
    /// last chunk.
    public func breakOff() {
        guard end.isOpen else { return }
        end = .broken
        wakeReader()
    }

    // MARK: The server's calls

    func handlerEnded() {
        breakOff()
    }

    /// The client has hung up, though libmicrohttpd may not know yet: it is woken to find out.
    func clientLeft() {
        isGone = true
        wakeWriter()
        wakeReader()
    }

    /// libmicrohttpd has sent it whole.
    func sent() {
        connection = nil
    }

    /// libmicrohttpd's connection is no more.
    func detach() {
        connection = nil
        clientLeft()
    }

    /// libmicrohttpd asks for the next bytes.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if isGone { return signalbox_mhd_end_with_error() }
        let available = pending.count - consumed
        if available == 0 {
            switch end {
            case .finished: return signalbox_mhd_end_of_stream()
            case .broken: return signalbox_mhd_end_with_error()
            case .open:
                guard let connection else { return signalbox_mhd_end_with_error() }
                isWaitingForBytes = true
                MHD_suspend_connection(connection)
                return 0
            }
        }
        let count = min(available, buffer.count)
        pending.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[consumed..<consumed + count]))
        }
        consumed += count
        entry.enter(.replying, at: room.loop.turnStart)
        release()
        return count
    }

    private func release() {
        if consumed == pending.count {
            pending.removeAll(keepingCapacity: pending.capacity <= 2 * bufferBytesMax)
            consumed = 0
        } else if consumed > bufferBytesMax, end.isOpen {
            // A reader that never quite catches up would keep all it has read.
            pending.removeSubrange(..<consumed)
            consumed = 0
        }
        if pending.count - consumed <= bufferBytesMax / 2 { wakeWriter() }
    }

    private func wakeReader() {
        guard isWaitingForBytes, let connection else { return }
        isWaitingForBytes = false
        entry.enter(.replying, at: room.loop.turnStart)
        room.resume(streamOf: connection)
    }

    private func wakeWriter() {
        let waiting = writer
        writer = nil
        waiting?.resume()
    }
}

extension ReplyStream.End {
    fileprivate var isOpen: Bool {
        if case .open = self { true } else { false }
    }
}

/// The client closed its connection, or was closed for outstaying a limit.
public struct ClientGone: Error, Sendable {}
