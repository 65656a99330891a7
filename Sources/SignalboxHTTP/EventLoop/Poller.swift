import CLinux
import Glibc
import SignalboxCore

/// An epoll set with an eventfd in it, and the table of who is told about which descriptor.
///
/// Confined to its loop's thread, but for ``wake()``.
final class Poller {
    private let epoll: Int32
    private let wakeup: Int32
    private var entries: [Entry] = []
    private var events: UnsafeMutableBufferPointer<epoll_event>
    private var ready: Int32 = 0

    /// More descriptors ready at once are reported in the next turn.
    private static let eventsPerTurnMax = 256

    private struct Entry {
        var handler: (any Pollable)?
        var generation: UInt32 = 0
        var interest: UInt32 = 0
    }

    init() throws(SystemError) {
        epoll = signalbox_epoll_create()
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        wakeup = signalbox_eventfd()
        guard wakeup >= 0 else {
            let error = SystemError("eventfd")
            Glibc.close(epoll)
            throw error
        }
        events = .allocate(capacity: Poller.eventsPerTurnMax)
        var event = signalbox_epoll_event(signalbox_epoll_in, UInt64.max)
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event) == 0 else { throw SystemError("epoll_ctl") }
    }

    func close() {
        Glibc.close(wakeup)
        Glibc.close(epoll)
        events.deallocate()
    }

    // MARK: Registration

    /// Tells `handler` when `descriptor` is ready for `interest` (EPOLL bits); replaces an earlier interest.
    func watch(_ descriptor: Int32, for interest: UInt32, handler: any Pollable) throws(SystemError) {
        let slot = Int(descriptor)
        while entries.count <= slot { entries.append(Entry()) }
        let operation = entries[slot].handler == nil ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        if operation == EPOLL_CTL_ADD { entries[slot].generation &+= 1 }
        let tag = UInt64(entries[slot].generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        var event = signalbox_epoll_event(interest, tag)
        guard epoll_ctl(epoll, operation, descriptor, &event) == 0 else { throw SystemError("epoll_ctl") }
        entries[slot].handler = handler
        entries[slot].interest = interest
    }

    func interest(of descriptor: Int32) -> UInt32 {
        let slot = Int(descriptor)
        return slot < entries.count && entries[slot].handler != nil ? entries[slot].interest : 0
    }

    /// Stops watching a descriptor that is still open.
    func unwatch(_ descriptor: Int32) {
        let slot = Int(descriptor)
        guard slot < entries.count, entries[slot].handler != nil else { return }
        entries[slot].handler = nil
        var event = epoll_event()
        let result = epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
        assert(result == 0 || errno == EBADF || errno == ENOENT, "epoll_ctl: errno \(errno)")
    }

    /// Forgets a descriptor that was or is being closed: the kernel takes it out of the set by itself.
    func forget(_ descriptor: Int32) {
        let slot = Int(descriptor)
        guard slot < entries.count else { return }
        entries[slot].handler = nil
    }

    // MARK: Waiting

    func wait(milliseconds: Int32) {
        ready = epoll_wait(epoll, events.baseAddress, Int32(events.count), milliseconds)
        if ready < 0 {
            precondition(errno == EINTR, "epoll_wait: errno \(errno)")
            ready = 0
        }
    }

    /// Hands out the events of the last wait. A handler may unwatch or close any descriptor meanwhile.
    func dispatch() {
        for index in 0..<Int(ready) {
            let tag = events[index].data.u64
            if tag == UInt64.max { continue }
            let descriptor = Int32(truncatingIfNeeded: tag & 0xFFFF_FFFF)
            let entry = entries[Int(descriptor)]
            guard let handler = entry.handler, entry.generation == UInt32(tag >> 32) else { continue }
            handler.ready(descriptor, events[index].events)
        }
        ready = 0
    }

    /// Whether another thread called ``wake()`` before the last wait ended.
    func wasWoken() -> Bool {
        for index in 0..<Int(ready) where events[index].data.u64 == UInt64.max {
            var count: UInt64 = 0
            let size = read(wakeup, &count, MemoryLayout<UInt64>.size)
            assert(size == MemoryLayout<UInt64>.size || errno == EAGAIN, "eventfd: errno \(errno)")
            return true
        }
        return false
    }

    /// Ends the current or the next wait. From any thread.
    func wake() {
        var one: UInt64 = 1
        let size = write(wakeup, &one, MemoryLayout<UInt64>.size)
        precondition(size == MemoryLayout<UInt64>.size || errno == EAGAIN, "eventfd: errno \(errno)")
    }
}

/// Told when a descriptor is ready, on the loop's thread.
protocol Pollable: AnyObject {
    /// - Parameter events: EPOLL bits.
    func ready(_ descriptor: Int32, _ events: UInt32)
}
