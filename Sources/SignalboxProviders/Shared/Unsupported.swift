import SignalboxCore

/// What to do with what a vendor cannot express: refuse the request and name the field, or leave it out.
struct Unsupported {
    let vendor: String
    let isDropped: Bool

    /// - Throws: of kind `invalidRequest`, unless such fields are dropped.
    func field(_ name: String, because reason: String = "") throws(UpstreamFailure) {
        if isDropped { return }
        let why = reason.isEmpty ? "" : " (\(reason))"
        throw .refused(
            name, "\(vendor) has nothing for `\(name)`\(why). Leave it out, or set drop_unsupported: true.")
    }

    /// Of a value that is there.
    func field(_ name: String, ifPresent value: Any?, because reason: String = "") throws(UpstreamFailure) {
        if value != nil { try field(name, because: reason) }
    }
}
