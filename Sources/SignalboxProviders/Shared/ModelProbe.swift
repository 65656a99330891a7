import SignalboxCore

/// Asks a vendor after one model by its name: lists are cut, and vendors know more names than they list.
///
/// The report is ``KeyState/valid`` with the name among `details.models` where the key may name it, and
/// ``KeyState/unknown`` with the name among `details.missingModels` where the vendor says that there is none.
struct ModelProbe: KeyProbe {
    let vendor: KeyVendor
    let key: Secret?
    var isKeyNeeded = true
    let model: String
    let request: KeyProbeRequest
    /// Whether a good reply is the vendor's word.
    let isTold: @Sendable (JSONTree) -> Bool

    mutating func begin() -> KeyProbeStep {
        if let mistake = KeyProbing.mistake(in: key, isNeeded: isKeyNeeded) { return .done(mistake) }
        return .ask(request)
    }

    mutating func take(_ outcome: KeyProbeOutcome) -> KeyProbeStep {
        var report: KeyReport
        switch outcome {
        case .failure(let failure): report = KeyVerdict.report(failure, of: vendor)
        case .reply(let reply):
            report = judge(reply)
            report.requestID = KeyProbing.requestID(of: reply)
        }
        return .done(KeyRedaction([key]).clean(report))
    }

    private func judge(_ reply: WholeReply) -> KeyReport {
        guard 200...299 ~= reply.status else { return judge(vendor.failure(reply)) }
        guard let tree = KeyProbing.json(reply), isTold(tree) else {
            return KeyReport(
                .unknown, message: "status \(reply.status) without an answer in the provider's format",
                status: reply.status)
        }
        var report = KeyReport(
            .valid, message: "\(vendor.name) knows the model", status: reply.status,
            proof: KeyProof(exists: true))
        report.details.models = [model]
        return report
    }

    private func judge(_ failure: UpstreamFailure) -> KeyReport {
        var report = KeyVerdict.report(failure, of: vendor)
        // Who cannot answer at the moment cannot know.
        if report.state == .unknown, failure.kind == .modelNotFound { report.details.missingModels = [model] }
        return report
    }

    /// As a part of a path; nil for a name that would lead elsewhere.
    static func path(of model: String) -> String? {
        let parts = model.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else { return nil }
        var path = ""
        for byte in model.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x3A, 0x40, 0x5F, 0x7E:
                path.unicodeScalars.append(Unicode.Scalar(byte))
            default: path += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return path
    }
}
