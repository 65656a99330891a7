import CLinux
import Glibc
import SignalboxTesting
import Testing

@testable import SignalboxHTTP

@Suite struct PollerTests {
    @Test func `a descriptor's handler hears of it, and of nothing after it is unwatched`() throws {
        let poller = try Poller()
        defer { poller.close() }
        let pair = try Pair()
        let handler = Recorder()
        try poller.watch(pair.near, for: signalbox_epoll_in, handler: handler)
        #expect(poller.interest(of: pair.near) == signalbox_epoll_in)
        turn(poller)
        #expect(handler.seen.isEmpty)
        pair.send()
        turn(poller)
        #expect(handler.seen == [pair.near])
        poller.unwatch(pair.near)
        poller.unwatch(pair.near)
        #expect(poller.interest(of: pair.near) == 0)
        turn(poller)
        #expect(handler.seen == [pair.near])
    }

    @Test func `a later interest replaces an earlier one`() throws {
        let poller = try Poller()
        defer { poller.close() }
        let pair = try Pair()
        let (first, second) = (Recorder(), Recorder())
        try poller.watch(pair.near, for: signalbox_epoll_in, handler: first)
        try poller.watch(pair.near, for: signalbox_epoll_out, handler: second)
        pair.send()
        turn(poller)
        #expect(first.seen.isEmpty && second.seen == [pair.near])
        #expect(second.events & signalbox_epoll_in == 0)
    }

    @Test func `an event of a closed descriptor never reaches the next owner of its number`() throws {
        let poller = try Poller()
        defer { poller.close() }
        let (old, trigger) = (try Pair(), try Pair())
        let (stale, fresh) = (Recorder(), Recorder())
        var next: Pair?
        let closer = Recorder { [unowned poller] in
            guard next == nil else { return }
            // Both descriptors are in the same batch: the second is closed and its number given away.
            poller.forget(old.near)
            next = try? Pair(replacing: old)
            try? poller.watch(old.near, for: signalbox_epoll_in, handler: fresh)
        }
        try poller.watch(trigger.near, for: signalbox_epoll_in, handler: closer)
        try poller.watch(old.near, for: signalbox_epoll_in, handler: stale)
        trigger.send()
        old.send()
        poller.wait(milliseconds: 1_000)
        poller.dispatch()
        #expect(closer.seen.count == 1)
        #expect(next != nil)
        #expect(fresh.seen.isEmpty)
        next?.send()
        turn(poller)
        #expect(fresh.seen == [old.near])
    }

    @Test func `a handler may unwatch another whose event is already in the batch`() throws {
        let poller = try Poller()
        defer { poller.close() }
        let pairs = [try Pair(), try Pair()]
        let second = Recorder()
        let first = Recorder { [unowned poller] in poller.unwatch(pairs[1].near) }
        try poller.watch(pairs[0].near, for: signalbox_epoll_in, handler: first)
        try poller.watch(pairs[1].near, for: signalbox_epoll_in, handler: second)
        for pair in pairs { pair.send() }
        turn(poller)
        #expect(first.seen.count == 1 && second.seen.isEmpty)
    }

    @Test func `a wake-up ends the next wait, is seen once, and several count as one`() throws {
        let poller = try Poller()
        defer { poller.close() }
        for _ in 0..<3 { poller.wake() }
        poller.wait(milliseconds: 10_000)
        #expect(poller.wasWoken())
        poller.dispatch()
        poller.wait(milliseconds: 0)
        #expect(!poller.wasWoken())
        let carried = Carried(value: poller)  // `wake` may come from any thread
        RawThread.start { carried.value.wake() }
        poller.wait(milliseconds: 10_000)
        #expect(poller.wasWoken())
    }

    @Test func `more ready descriptors than one turn takes are all heard in the next turns`() throws {
        let poller = try Poller()
        defer { poller.close() }
        let pairs = try (0..<300).map { _ in try Pair() }
        let handler = Recorder()
        handler.drains = true
        for pair in pairs {
            try poller.watch(pair.near, for: signalbox_epoll_in, handler: handler)
            pair.send()
        }
        for _ in 0..<3 { turn(poller) }
        #expect(handler.seen.count == 300)
        #expect(Set(handler.seen) == Set(pairs.map(\.near)))
    }

    @Test func `a descriptor that is none cannot be watched`() throws {
        let poller = try Poller()
        defer { poller.close() }
        let error = #expect(throws: SystemError.self) {
            try poller.watch(9_999, for: signalbox_epoll_in, handler: Recorder())
        }
        #expect(error?.code == EBADF)
        #expect(error?.description.hasPrefix("epoll_ctl: ") == true)
        #expect(poller.interest(of: 9_999) == 0)
    }

    private func turn(_ poller: Poller) {
        poller.wait(milliseconds: 0)
        poller.dispatch()
    }
}

private final class Recorder: Pollable {
    private(set) var seen: [Int32] = []
    private(set) var events: UInt32 = 0
    var drains = false
    private let react: () -> Void

    init(_ react: @escaping () -> Void = {}) {
        self.react = react
    }

    func ready(_ descriptor: Int32, _ events: UInt32) {
        seen.append(descriptor)
        self.events |= events
        var byte: UInt8 = 0
        if drains { _ = read(descriptor, &byte, 1) }
        react()
    }
}

/// Two connected sockets.
private final class Pair {
    let near: Int32
    private let far: Int32
    private var isNearOpen = true

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
            throw SystemError("socketpair")
        }
        (near, far) = (ends[0], ends[1])
    }

    /// Closes the other's near end and takes its number in one step, so that no other test can get it.
    convenience init(replacing other: Pair) throws {
        let fresh = try Pair()
        guard dup2(fresh.near, other.near) == other.near else { throw SystemError("dup2") }
        other.isNearOpen = false
        self.init(near: other.near, far: dup(fresh.far))
    }

    private init(near: Int32, far: Int32) {
        self.near = near
        self.far = far
    }

    deinit {
        if isNearOpen { close(near) }
        close(far)
    }

    func send() {
        _ = write(far, "x", 1)
    }
}
