import SignalboxCore

/// What Lago's 422 for a batch means. Its batch is all or nothing: one event that it has already, and none is
/// taken.
enum LagoRefusal: Equatable {
    /// It has every event of the batch.
    case allKnown
    /// It has some; these, by their places in the batch, are yet to be sent.
    case others([Int])
    /// Anything else: sent again it would be refused again.
    case final

    /// - Parameter count: events in the batch.
    init(_ body: [UInt8], count: Int) {
        self = .final
        let details: JSONFields?
        do throws(JSONSyntaxError) {
            details = try JSONFields(scanning: body).object("error_details")
        } catch {
            return
        }
        guard let details, details.count > 0 else { return }
        var known: Set<Int> = []
        for (name, value) in details.all {
            guard let place = Int(name), 0..<count ~= place, LagoRefusal.isKnown(value, in: body) else {
                return
            }
            known.insert(place)
        }
        self = known.count == count ? .allKnown : .others((0..<count).filter { !known.contains($0) })
    }

    /// `{"transaction_id":["value_already_exist"]}`, and no other complaint.
    private static func isKnown(_ value: JSONValue, in body: [UInt8]) -> Bool {
        guard let complaint = JSONFields(of: value, in: body), complaint.count == 1,
            let words = complaint["transaction_id"]
        else { return false }
        return String(decoding: body[words.range], as: UTF8.self).filter { !$0.isWhitespace }
            == #"["value_already_exist"]"#
    }
}
