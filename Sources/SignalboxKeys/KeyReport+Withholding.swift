import SignalboxCore

extension KeyReport {
    /// The same, without the key. Probes see to that themselves; this holds for whichever probe it was.
    func withholding(_ secret: Secret?) -> KeyReport {
        guard let key = secret?.reveal(), key.utf8.count >= KeyReport.secretBytesMin else { return self }
        func clean(_ text: String) -> String { KeyReport.replace(key, in: text) }
        func clean(_ balance: KeyBalance) -> KeyBalance {
            // Its amount is a number.
            KeyBalance(
                amount: balance.amount, unit: clean(balance.unit), purpose: balance.purpose.map(clean))
                ?? balance
        }
        var report = self
        report.message = clean(message)
        report.providerCode = providerCode.map(clean)
        report.requestID = requestID.map(clean)
        report.details.scopes = details.scopes.map(clean)
        report.details.missingScopes = details.missingScopes.map(clean)
        report.details.models = details.models.map(clean)
        report.details.organisation = details.organisation.map(clean)
        report.details.balances = details.balances.map(clean)
        report.details.limitRemaining = details.limitRemaining.map(clean)
        return report
    }

    /// Something shorter is no secret, and stands in many words.
    private static let secretBytesMin = 4

    private static func replace(_ key: String, in text: String) -> String {
        let (bytes, wanted) = (Array(text.utf8), Array(key.utf8))
        guard bytes.count >= wanted.count else { return text }
        var clean: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: wanted) {
                clean += "•••".utf8
                index += wanted.count
            } else {
                clean.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: clean, as: UTF8.self)
    }
}
