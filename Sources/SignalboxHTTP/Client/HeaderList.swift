import CCurl
import SignalboxCore

/// The header fields that a curl handle sends: those of one request, then its template's.
///
/// Left to itself, curl asks for "100 Continue", and waits a second for it, before it sends more than a
/// megabyte. An empty `Expect` forbids it, and is left out for smaller bodies, where it would only cost: curl
/// goes through all fields for each that it might add.
struct HeaderList: ~Copyable {
    private typealias Node = UnsafeMutablePointer<curl_slist>

    /// The empty `Expect`, and behind it the template's fields.
    private var lasting: Node?
    /// Those of one request, the last of which is followed by lasting ones.
    private var own: Node?
    private var ownLast: Node?
    private var forbidsExpect = false

    init(_ fields: [(name: String, value: Secret)]) throws(TransportError) {
        try HeaderList.append("Expect:", to: &lasting)
        for (name, value) in fields { try HeaderList.append("\(name): \(value.reveal())", to: &lasting) }
    }

    deinit {
        ownLast?.pointee.next = nil
        curl_slist_free_all(own)
        curl_slist_free_all(lasting)
    }

    /// What curl is to be given; it keeps the address.
    var first: UnsafeMutablePointer<curl_slist>? {
        own ?? (forbidsExpect ? lasting : lasting?.pointee.next)
    }

    /// Between two transfers: curl reads the list while one runs. False where nothing has changed.
    mutating func prepare(for fields: [RequestHeader], isLarge: Bool) throws(TransportError) -> Bool {
        guard !fields.isEmpty || own != nil || isLarge != forbidsExpect else { return false }
        forbidsExpect = isLarge
        ownLast?.pointee.next = nil
        curl_slist_free_all(own)
        (own, ownLast) = (nil, nil)
        let rest = first
        for field in fields { try HeaderList.append("\(field.name): \(field.value)", to: &own) }
        ownLast = own
        while let next = ownLast?.pointee.next { ownLast = next }
        ownLast?.pointee.next = rest
        return true
    }

    private static func append(_ line: String, to list: inout Node?) throws(TransportError) {
        guard let longer = curl_slist_append(list, line) else {
            throw .local("curl has no memory for a header")
        }
        list = longer
    }
}
