/// Runs one loop's handlers on tasks that are used again: a new task, and the memory that its frames take,
/// cost more than many a handler.
///
/// Confined to its loop's thread.
final class HandlerTasks: @unchecked Sendable {
    // @unchecked: created on any thread, then touched by the loop's alone.

    let loop: EventLoop
    let handler: @Sendable (Exchange) async -> Void
    private var resting: [HandlerTask] = []
    private var isStopped = false

    /// Tasks kept on this loop for requests to come; each holds about 5 KiB.
    private static let restingMax = 256

    init(loop: EventLoop, handler: @escaping @Sendable (Exchange) async -> Void) {
        self.loop = loop
        self.handler = handler
    }

    func run(_ exchange: Exchange) -> HandlerTask {
        let runner = resting.popLast() ?? HandlerTask(self)
        runner.run(exchange)
        return runner
    }

    /// Ends the tasks that rest; the others end after their handler.
    func stop() {
        isStopped = true
        for runner in resting { runner.dismiss() }
        resting.removeAll()
    }

    fileprivate var hasRoom: Bool {
        !isStopped && resting.count < HandlerTasks.restingMax
    }

    fileprivate func keep(_ runner: HandlerTask) {
        resting.append(runner)
    }
}

/// A task that handles one exchange after another, until it is cancelled: a cancelled task stays so.
///
/// Confined to its loop's thread.
final class HandlerTask: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    private unowned let tasks: HandlerTasks
    private var task: Task<Void, Never>?
    private var exchange: Exchange?
    private var rest: UnsafeContinuation<Void, Never>?
    private var isCancelled = false

    fileprivate init(_ tasks: HandlerTasks) {
        self.tasks = tasks
    }

    func cancel() {
        isCancelled = true
        task?.cancel()
    }

    fileprivate func run(_ exchange: Exchange) {
        self.exchange = exchange
        if let rest {
            self.rest = nil
            rest.resume()
        } else {
            let tasks = tasks
            task = tasks.loop.spawn { await self.work(tasks) }
        }
    }

    fileprivate func dismiss() {
        rest?.resume()
        rest = nil
    }

    private func work(_ tasks: HandlerTasks) async {
        while await handleNext(tasks), !isCancelled, tasks.hasRoom {
            await withUnsafeContinuation { continuation in
                rest = continuation
                tasks.keep(self)
            }
        }
    }

    /// A function of its own, so that a resting task holds no exchange. False where there is none.
    private func handleNext(_ tasks: HandlerTasks) async -> Bool {
        guard let exchange else { return false }
        self.exchange = nil
        await tasks.handler(exchange)
        exchange.handlerEnded()
        return true
    }
}
