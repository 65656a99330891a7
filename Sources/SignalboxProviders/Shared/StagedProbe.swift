import SignalboxCore

/// A probe of one or several requests, of which the first decides and the others add to it.
struct StagedProbe: KeyProbe {
    struct Stage: Sendable {
        enum Role: Sendable {
            /// Its answer is the verdict.
            case verdict
            /// Only a refusal changes the verdict; that it cannot be had says nothing.
            case detail
            /// The same without the key. Whoever is answered so, too, was not asked for a key.
            case control
        }

        var role = Role.verdict
        /// From what is known so far; nil passes the stage over.
        let request: @Sendable (KeyReport) -> KeyProbeRequest?
        /// Takes what a good reply says; false where it is not the vendor's.
        var read: @Sendable (JSONTree, inout KeyReport) -> Bool = { _, _ in true }
    }

    private let vendor: KeyVendor
    private let key: Secret?
    private let isKeyNeeded: Bool
    private let stages: [Stage]
    private var next = 0
    private var report = KeyReport(.unknown, message: "")

    init(_ vendor: KeyVendor, key: Secret?, isKeyNeeded: Bool = true, stages: [Stage]) {
        precondition(stages.count <= KeyProbeRequest.countMax, "a probe is a few requests")
        self.vendor = vendor
        self.key = key
        self.isKeyNeeded = isKeyNeeded
        self.stages = stages
    }

    mutating func begin() -> KeyProbeStep {
        if let mistake = KeyProbing.mistake(in: key, isNeeded: isKeyNeeded) { return .done(mistake) }
        return ask()
    }

    private mutating func ask() -> KeyProbeStep {
        while next < stages.count {
            if let request = stages[next].request(report) { return .ask(request) }
            next += 1
        }
        return finish(report)
    }

    mutating func take(_ outcome: KeyProbeOutcome) -> KeyProbeStep {
        precondition(next < stages.count, "only what was asked for can be answered")
        let stage = stages[next]
        next += 1
        switch stage.role {
        case .verdict:
            report = answer(outcome, to: stage, KeyReport(.valid, message: ""))
            if report.state != .valid { return finish(report) }
        case .detail:
            var found = answer(outcome, to: stage, report)
            switch found.state.weight {
            case .good: report = found
            case .bad:
                // What comes after the models stands for the work itself.
                found.proof.mayGenerate = false
                return finish(found)
            case .nothing: break
            }
        case .control:
            if let doubt = doubt(outcome) { return finish(doubt) }
        }
        return ask()
    }

    /// - Parameter good: what is true if the reply is good.
    private func answer(_ outcome: KeyProbeOutcome, to stage: Stage, _ good: KeyReport) -> KeyReport {
        let reply: WholeReply
        switch outcome {
        case .failure(let failure): return refusal(failure, good.details)
        case .reply(let found): reply = found
        }
        guard 200...299 ~= reply.status else {
            var report = refusal(vendor.failure(reply), good.details)
            report.requestID = KeyProbing.requestID(of: reply)
            return report
        }
        var report = good
        report.status = reply.status
        report.requestID = KeyProbing.requestID(of: reply)
        report.proof.exists = true
        report.details.organisation = report.details.organisation ?? KeyProbing.organisation(of: reply)
        guard let tree = KeyProbing.json(reply), stage.read(tree, &report) else {
            return KeyReport(
                .unknown, message: "status \(reply.status) without an answer in the provider's format",
                status: reply.status, requestID: report.requestID)
        }
        return report
    }

    /// With what was learnt before it.
    private func refusal(_ failure: UpstreamFailure, _ known: KeyDetails) -> KeyReport {
        var report = KeyVerdict.report(failure, of: vendor)
        let missing = report.details.missingScopes
        report.details = known
        report.details.missingScopes = missing
        return report
    }

    /// Nil where the vendor refused to answer without a key.
    private func doubt(_ outcome: KeyProbeOutcome) -> KeyReport? {
        let found: KeyReport
        switch outcome {
        case .failure(let failure): found = KeyVerdict.report(failure, of: vendor)
        case .reply(let reply):
            if 200...299 ~= reply.status {
                return KeyReport(
                    .unknown,
                    message: "\(vendor.name) answers without a key, too: nothing is known of this one",
                    status: reply.status, details: report.details)
            }
            found = KeyVerdict.report(vendor.failure(reply), of: vendor)
        }
        switch found.state {
        case .invalid, .expired, .disabled, .missingScope: return nil
        case .valid, .wrongRegionOrFolder, .noCredit, .spendLimit, .rateLimited, .providerDown, .unknown:
            return KeyReport(
                .unknown,
                message: "it is not known whether \(vendor.name) asked for the key: \(found.message)",
                status: found.status, retryAfter: found.retryAfter, details: report.details)
        }
    }

    private func finish(_ report: KeyReport) -> KeyProbeStep {
        var report = report
        if report.state == .valid, report.message.isEmpty {
            report.message = KeyProbing.sentence(report, vendor.name, hasKey: key != nil)
        }
        return .done(KeyRedaction([key]).clean(report))
    }
}
