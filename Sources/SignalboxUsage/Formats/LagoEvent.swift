import SignalboxCore

/// One record as Lago's batch takes it.
///
/// `transaction_id` is the record's id, which no other record has: Lago looks for it alone, whatever the
/// subscription. The time is the record's, so that a record sent again is the same to a store that tells
/// events apart by both.
enum LagoEvent {
    static func write(_ fields: JSONFields, _ names: RecordFormat.LagoNames) -> [UInt8] {
        var event = Array(#"{"transaction_id":"#.utf8)
        JSONText.append(fields.string("id") ?? "", to: &event)
        event += #","external_subscription_id":"#.utf8
        JSONText.append(names.subscription, to: &event)
        event += #","code":"#.utf8
        JSONText.append(names.code, to: &event)
        if let time = fields.string("timestamp").flatMap(unixSeconds) {
            event += #","timestamp":\#(time)"#.utf8
        }
        if let cents = cents(fields) {
            event += #","precise_total_amount_cents":"\#(cents)""#.utf8
        }
        event += #","properties":"#.utf8
        event += fields.bytes[fields.range]
        event.append(UInt8(ascii: "}"))
        return event
    }

    /// Seconds since 1970 with the six decimals of a record's time.
    static func unixSeconds(_ text: String) -> String? {
        guard let time = InternetDate.parse(text) else { return nil }
        let micros = time.nanosecondsSince1970 / 1_000
        let decimals = String(micros % 1_000_000 + 1_000_000).dropFirst()
        return "\(micros / 1_000_000).\(decimals)"
    }

    /// The cost in hundredths of a unit, exactly; nil where there is none, or where the currency's smallest
    /// part is no hundredth.
    static func cents(_ fields: JSONFields) -> String? {
        guard let nano = fields.string("cost_nano").flatMap({ Int128($0) }),
            let currency = fields.string("currency"), !otherParts.contains(currency)
        else { return nil }
        return Money(nano: nano * 100, currency: currency).decimal
    }

    /// Currencies whose smallest part is the unit itself, or its thousandth (ISO 4217).
    private static let otherParts: Set<String> = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
        "XAF",
        "XOF", "XPF", "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND",
    ]
}
