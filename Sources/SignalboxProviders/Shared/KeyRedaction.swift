package import SignalboxCore

/// Takes secrets out of what a vendor says, whatever they look like: some repeat the key they were sent.
package struct KeyRedaction: Sendable {
    /// A shorter text is no secret, and would be found in every sentence.
    private static let lengthMin = 4
    private static let mark = Array("•••".utf8)
    private let secrets: [[UInt8]]

    package init(_ secrets: [Secret?]) {
        self.secrets = secrets.compactMap { secret in
            let bytes = Array((secret?.reveal() ?? "").utf8)
            return bytes.count >= Self.lengthMin ? bytes.map(Self.lowered) : nil
        }
        .sorted { $0.count > $1.count }
    }

    func clean(_ text: String) -> String {
        String(decoding: secrets.reduce(Array(text.utf8), Self.replace), as: UTF8.self)
    }

    package func clean(_ report: KeyReport) -> KeyReport {
        var clean = report
        clean.message = self.clean(report.message)
        clean.providerCode = report.providerCode.map(self.clean)
        clean.requestID = report.requestID.map(self.clean)
        clean.details.scopes = report.details.scopes.map(self.clean)
        clean.details.missingScopes = report.details.missingScopes.map(self.clean)
        clean.details.models = report.details.models.map(self.clean)
        clean.details.missingModels = report.details.missingModels.map(self.clean)
        clean.details.organisation = report.details.organisation.map(self.clean)
        return clean
    }

    package func clean(_ failure: UpstreamFailure) -> UpstreamFailure {
        var clean = failure
        clean.message = self.clean(failure.message)
        clean.code = failure.code.map(self.clean)
        clean.parameter = failure.parameter.map(self.clean)
        if let body = failure.errorObject {
            let text = String(decoding: body, as: UTF8.self)
            if self.clean(text) != text { clean.errorObject = nil }
        }
        return clean
    }

    private static func replace(_ text: [UInt8], _ secret: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            let length = matching(text[at...], secret)
            if length == secret.count || length >= lengthMin && isCut(text[(at + length)...]) {
                result += mark
                at += length
            } else {
                result.append(text[at])
                at += 1
            }
        }
        return result
    }

    /// How many bytes of the secret stand there.
    private static func matching(_ text: ArraySlice<UInt8>, _ secret: [UInt8]) -> Int {
        zip(text, secret).prefix { lowered($0) == $1 }.count
    }

    /// Whether a message was cut here, perhaps in the middle of a secret.
    private static func isCut(_ rest: ArraySlice<UInt8>) -> Bool {
        rest.isEmpty || rest.elementsEqual("…".utf8)
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        0x41...0x5A ~= byte ? byte | 0x20 : byte
    }
}
