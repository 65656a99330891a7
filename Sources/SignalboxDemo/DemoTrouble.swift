/// What goes wrong in the course of a ``DemoDay``. The raw values are those of the log's field `trouble`.
public enum DemoTrouble: String, Sendable, CaseIterable {
    /// amber answers slowly, and mostly with 503.
    case amberDegrades = "amber_degrades"
    /// One of birch's two keys is not known any more, from one request to the next.
    case birchKeyExpires = "birch_key_expires"
    /// cedar's only key has nothing left to pay with.
    case cedarCreditEnds = "cedar_credit_ends"
    /// The receiver of one tenant's bills answers 503.
    case receiverFails = "receiver_fails"
    /// Every vendor answers 429.
    case vendorsLimit = "vendors_limit"
    /// Streams break off in the middle.
    case streamsBreak = "streams_break"
    /// Several times as many requests as before.
    case burst = "burst"

    /// When it is, in parts of the day.
    var hours: [Range<Double>] {
        switch self {
        case .burst: [0.06..<0.12, 0.84..<0.88]
        case .amberDegrades: [0.12..<0.30]
        case .birchKeyExpires: [0.30..<0.46]
        case .cedarCreditEnds: [0.34..<0.50]
        case .receiverFails: [0.36..<0.66]
        case .vendorsLimit: [0.66..<0.76]
        case .streamsBreak: [0.78..<0.86]
        }
    }

    /// What the log says of its beginning and of its end.
    var words: (begins: String, ends: String) {
        switch self {
        case .amberDegrades: ("amber answers slowly, or with 503", "amber has recovered")
        case .birchKeyExpires: ("birch knows one of its two keys no more", "birch's key was renewed")
        case .cedarCreditEnds: ("cedar's only key is out of credit", "cedar has been paid")
        case .receiverFails: ("the receiver of globex's bills answers 503", "globex's receiver is back")
        case .vendorsLimit: ("every vendor answers 429", "the vendors have capacity again")
        case .streamsBreak: ("streams break off in the middle", "streams are whole again")
        case .burst: ("a burst of requests", "the burst is over")
        }
    }
}
