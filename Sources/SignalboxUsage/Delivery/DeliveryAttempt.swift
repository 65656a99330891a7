import SignalboxCore
import SignalboxHTTP
import SignalboxStore
import SignalboxTelemetry

/// One attempt at one delivery: sent, its answer judged, and what follows written down before anything else
/// is done. Whatever ends the process in between, the delivery is sent again as it was.
struct DeliveryAttempt {
    private let header: Delivery.Header
    private let body: [UInt8]
    private let kind: BodyKind
    private let pump: EndpointPump
    private let sender: WebhookSender
    private let endpoint: WebhookEndpoint
    private var desk: DeliveryDesk { pump.desk }

    init(
        _ header: Delivery.Header, _ body: [UInt8], pump: EndpointPump, sender: WebhookSender,
        endpoint: WebhookEndpoint
    ) {
        self.header = header
        self.body = body
        kind = BodyKind(rawValue: header.note) ?? .records
        self.pump = pump
        self.sender = sender
        self.endpoint = endpoint
    }

    func run() async {
        var isPacked = endpoint.isPacked && !pump.refusesPacked
        var receipt = await send(isPacked: isPacked)
        if verdict(receipt, isPacked) == .unpacked {
            pump.refusesPacked = true
            desk.events.unpacked(endpoint.name)
            isPacked = false
            receipt = await send(isPacked: false)
        }
        // The program ends: nothing is known of it, and it stays due.
        if case .failed(.cancelled) = receipt.answer.ending { return }
        do throws(StoreError) {
            try await settle(verdict(receipt, isPacked), receipt)
        } catch {
            pump.storeFailed(error)
        }
    }

    private func send(isPacked: Bool) async -> WebhookSender.Receipt {
        let receipt = await sender.send(
            WebhookSender.Parcel(
                id: header.id, kind: kind, body: body, isPacked: isPacked))
        pump.metrics.sent(receipt)
        return receipt
    }

    private func verdict(_ receipt: WebhookSender.Receipt, _ isPacked: Bool) -> DeliveryAnswer.Verdict {
        receipt.answer.verdict(count: header.records, isPacked: isPacked, isLago: kind == .lago)
    }

    // MARK: What follows

    private func settle(
        _ verdict: DeliveryAnswer.Verdict, _ receipt: WebhookSender.Receipt
    ) async throws(StoreError) {
        switch verdict {
        case .delivered:
            pump.patience.succeeded()
            try await settle(.delivered, .delivered, receipt)
        case .retry(let isThrottled): try await failed(receipt, isThrottled: isThrottled)
        case .unpacked: try await failed(receipt, isThrottled: false)
        case .smaller:
            try await replace(receipt) { () throws(JSONSyntaxError) in
                try RecordBody.halves(of: body, kind)
            }
        case .others(let places):
            try await replace(receipt) { () throws(JSONSyntaxError) in
                [try RecordBody.part(places, of: body, kind)]
            }
        case .refused: try await bury(receipt)
        case .endpointGone:
            let words = receipt.answer.words
            try await settle(.retry(at: desk.time.wallTime(), error: words), .retry, receipt)
            try await disable(because: "it answered 410: gone")
        }
    }

    private func failed(
        _ receipt: WebhookSender.Receipt, isThrottled: Bool
    ) async throws(StoreError) {
        let now = desk.time.wallTime()
        let isOut = pump.patience.failed(at: now)
        let verdict = endpoint.retry.next(
            after: header.attempts + 1, since: header.created,
            floor: receipt.answer.retryAfter, isThrottled: isThrottled, at: now, random: &desk.loop.random)
        switch verdict {
        case .again(let next):
            try await settle(.retry(at: next, error: receipt.answer.words), .retry, receipt, next: next)
        case .exhausted: try await bury(receipt)
        }
        if isOut { try await disable(because: "it only failed for five days") }
    }

    private func replace(
        _ receipt: WebhookSender.Receipt, by bodies: () throws(JSONSyntaxError) -> [RecordBody]
    ) async throws(StoreError) {
        let replacements: [FrozenBody]
        do throws(JSONSyntaxError) {
            replacements = try bodies().map { FrozenBody($0) }
        } catch {
            // What was frozen is not what its note says: nobody can take it apart.
            return try await failed(receipt, isThrottled: false)
        }
        pump.patience.succeeded()
        try await settle(.replaced(by: replacements), .retry, receipt)
    }

    private func bury(_ receipt: WebhookSender.Receipt) async throws(StoreError) {
        try await settle(.dead(error: receipt.answer.words), .dead, receipt)
        await desk.exhausted(header, error: receipt.answer.words)
    }

    private func disable(because reason: String) async throws(StoreError) {
        pump.isDisabled = true
        try await desk.store.setDisabled(endpoint: endpoint.name, reason: reason)
        await desk.disabled(endpoint.name, because: reason)
    }

    private func settle(
        _ result: DeliveryResult, _ outcome: DeliveryOutcome, _ receipt: WebhookSender.Receipt,
        next: WallTime? = nil
    ) async throws(StoreError) {
        _ = try await desk.store.attempted(header.id, result)
        pump.metrics.ended(outcome)
        desk.events.attempted(header, outcome, receipt, next: next)
    }
}
