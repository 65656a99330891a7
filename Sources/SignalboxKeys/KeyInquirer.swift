package import SignalboxCore
import SignalboxHTTP
import Synchronization

/// Asks providers about keys: carries probes through, on a thread of its own and with connections of its own.
///
///     let inquirer = try KeyInquirer()
///     try inquirer.start()
///     let answer = await inquirer.ask(question)
///     …
///     await inquirer.shutdown()
package final class KeyInquirer: Sendable {
    let loop: EventLoop
    private let client: HTTPClient
    private let time: any TimeSource
    private let state = Mutex(State())

    private struct State {
        var isRunning = false
        var next = 0
        var tasks: [Int: Task<Void, Never>] = [:]
    }

    /// Bytes of one reply. A longer one is a failure, not a verdict: lists of models are a tenth of it.
    package static let replyBytesMax = 1 << 20

    /// Names the thread beside those of the requests, which are numbered from 0 to 63, of the exporter and of
    /// the webhooks.
    private static let loopNumber = 66

    /// Asks nothing before ``start()``.
    /// - Throws: ``KeyInquirerError`` where the system gives no descriptor or no client.
    package init(time: any TimeSource = SystemTime()) throws(KeyInquirerError) {
        self.time = time
        do {
            loop = try EventLoop(index: KeyInquirer.loopNumber, name: "keys", clock: time)
            client = try HTTPClient(loop: loop)
        } catch {
            throw KeyInquirerError(description: "keys cannot be checked: \(error)")
        }
    }

    /// Starts the thread. Once.
    package func start() throws(KeyInquirerError) {
        do throws(SystemError) {
            try loop.start()
        } catch {
            throw KeyInquirerError(description: "keys cannot be checked: \(error)")
        }
        let (client, loop) = (client, loop)
        loop.execute { client.start() }
        state.withLock { $0.isRunning = true }
    }

    /// One check, from a probe's first request to its verdict. From any thread; cancelled with the task that
    /// waits for it. Redirects are not followed.
    /// - Parameter progress: told of each possibility that is tried, as it begins.
    package func ask(
        _ question: KeyQuestion, progress: (@Sendable (KeyProbeProgress) -> Void)? = nil
    ) async -> KeyAnswer {
        let answer = AnswerPlace()
        let task = state.withLock { state -> Task<Void, Never>? in
            guard state.isRunning else { return nil }
            let number = state.next
            state.next += 1
            let task = loop.spawn {
                answer.put(await self.carryOut(question, progress))
                self.state.withLock { $0.tasks[number] = nil }
            }
            state.tasks[number] = task
            return task
        }
        guard let task else { return stopped() }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        return answer.take() ?? stopped()
    }

    /// Ends what is under way, as cancelled, and the thread. Once, not from the loop.
    package func shutdown() async {
        let tasks = state.withLock { state -> [Task<Void, Never>]? in
            guard state.isRunning else { return nil }
            state.isRunning = false
            return Array(state.tasks.values)
        }
        guard let tasks else { return }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        let client = client
        loop.execute { client.stop() }
        loop.stop()
        loop.join()
    }

    // MARK: On the loop

    private func carryOut(
        _ question: KeyQuestion, _ progress: (@Sendable (KeyProbeProgress) -> Void)?
    ) async -> KeyAnswer {
        let start = loop.now()
        let deadline = Deadline(at: start.advanced(by: question.timeout))
        var requests = 0
        guard var probe = question.probe() else {
            return answer(
                KeyReport(.unknown, code: .validationError, message: "there is no way to check such a key"),
                since: start, requests)
        }
        var step = probe.begin()
        while true {
            switch step {
            case .done(let report): return answer(report, since: start, requests)
            case .ask(let request):
                // A check that is over still ends in the probe's own words.
                if Task.isCancelled {
                    step = probe.take(.failure(KeyInquirer.cancelled))
                } else if deadline.hasPassed(at: loop.now()) {
                    step = probe.take(.failure(KeyInquirer.late))
                } else {
                    if let told = request.progress { progress?(told) }
                    requests += 1
                    step = probe.take(await send(request, of: question, by: deadline))
                }
            }
        }
    }

    private static let cancelled = UpstreamFailure(.cancelled, message: "the check was given up")
    private static let late = UpstreamFailure(
        .timeout(.total), message: "no whole answer within the check's timeout")

    private func send(
        _ request: KeyProbeRequest, of question: KeyQuestion, by deadline: Deadline
    ) async -> KeyProbeOutcome {
        let template = template(for: request, of: question)
        // It is used once: what it leaves is not kept. The connection is.
        template.retire()
        var headers: [RequestHeader] = []
        if let name = request.requestIDHeader {
            headers.append(RequestHeader(name, UUIDText.random(using: &loop.random)))
        }
        let reply =
            switch request.method {
            case .get: client.get(template, headers: headers, deadline: deadline)
            case .post: client.post(template, body: request.body, headers: headers, deadline: deadline)
            }
        do throws(TransportError) {
            let body = try await reply.whole()
            return .reply(
                WholeReply(
                    status: reply.status, headers: reply.headers, body: body, receivedAt: time.wallTime()))
        } catch {
            return .failure(UpstreamFailure(error, status: reply.status))
        }
    }

    private func template(for request: KeyProbeRequest, of question: KeyQuestion) -> RequestTemplate {
        let own = Set(request.headers.map { $0.name.lowercased() })
        let others = question.headers.filter { !own.contains($0.name.lowercased()) }
        let timeout = question.timeout
        return RequestTemplate(
            request.method == .get ? .get : .post, url: request.url, headers: request.headers + others,
            timeouts: TransferTimeouts(connect: timeout, firstByte: timeout, idle: timeout, total: timeout),
            replyBytesMax: KeyInquirer.replyBytesMax, authorityFile: question.authorityFile,
            addressGuard: question.addressGuard)
    }

    private func answer(_ report: KeyReport, since start: Instant, _ requests: Int) -> KeyAnswer {
        KeyAnswer(
            report: report, elapsed: start.duration(to: loop.now()), requests: requests, at: time.wallTime())
    }

    private func stopped() -> KeyAnswer {
        KeyAnswer(
            report: KeyReport(.unknown, message: "no keys are checked any more: the process is ending"),
            elapsed: .zero, requests: 0, at: time.wallTime())
    }
}

/// Keys that cannot be checked, for want of a thread or a descriptor.
package struct KeyInquirerError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Where a task on the loop leaves what it found for the one that waits.
private final class AnswerPlace: Sendable {
    private let answer = Mutex<KeyAnswer?>(nil)

    func put(_ answer: KeyAnswer) {
        self.answer.withLock { $0 = answer }
    }

    func take() -> KeyAnswer? {
        answer.withLock { $0 }
    }
}
