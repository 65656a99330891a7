public import SignalboxCore
import Synchronization

/// The loops of a process, one for each core that it may use.
public final class EventLoopGroup: Sendable {
    public let loops: [EventLoop]
    private let turn = Atomic<Int>(0)

    /// Creates and starts the threads.
    /// - Parameter count: 1 to 64.
    public init(
        count: Int, name: String = "loop", clock: any TimeSource = SystemTime()
    ) throws(SystemError) {
        precondition((1...64).contains(count), "a group has 1 to 64 loops")
        var loops: [EventLoop] = []
        for index in 0..<count { loops.append(try EventLoop(index: index, name: name, clock: clock)) }
        self.loops = loops
        for loop in loops { try loop.start() }
    }

    /// The loops in turn, for work that comes from outside of all of them.
    public func next() -> EventLoop {
        let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return loops[Int(number.magnitude % UInt(loops.count))]
    }

    /// Stops every loop, each once its own tasks have ended, and waits for the threads. Not from a loop.
    public func shutdown() {
        for loop in loops { loop.stop() }
        for loop in loops { loop.join() }
    }
}
