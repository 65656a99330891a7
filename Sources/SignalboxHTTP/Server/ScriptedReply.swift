package import SignalboxCore

/// Plays a ``ReplyScript`` to a client, each step in its time.
///
/// Confined to the exchange's loop, on whose task it plays.
package struct ScriptedReply {
    private let exchange: Exchange

    package init(_ exchange: Exchange) {
        self.exchange = exchange
    }

    /// Ends early when the client leaves: its task is cancelled.
    package func play(_ script: ReplyScript) async {
        if let whole = ScriptedReply.whole(script) { return exchange.respond(whole) }
        var stream: ReplyStream?
        do {
            for step in script.steps {
                switch step {
                case .wait(let duration): try await exchange.loop.sleep(for: duration)
                case .head(let status, let headers):
                    stream = exchange.stream(status: status, headers: headers.map { ($0.key, $0.value) })
                case .bytes(let bytes): try await stream?.write(bytes)
                case .cut:
                    // Before its head, an exchange without an answer has its connection closed.
                    stream?.breakOff()
                    return
                case .stall: try await exchange.loop.sleep(for: .seconds(86_400))
                }
            }
            stream?.finish()
        } catch {
            // The client has left, or the process ends: there is nobody to play to.
            stream?.breakOff()
        }
    }

    /// A script of a head and a body, which goes out in one piece with its length.
    private static func whole(_ script: ReplyScript) -> Reply? {
        guard script.steps.count <= 2, case .head(let status, let headers)? = script.steps.first else {
            return nil
        }
        var body: [UInt8] = []
        if script.steps.count == 2 {
            guard case .bytes(let bytes) = script.steps[1] else { return nil }
            body = bytes
        }
        return Reply(status: status, headers: headers.map { ($0.key, $0.value) }, body: body)
    }
}
