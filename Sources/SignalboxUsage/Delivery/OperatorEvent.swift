package import SignalboxCore
import SignalboxStore

/// Something that whoever runs the service wants to hear of, as a webhook like any other.
package struct OperatorEvent: Sendable, Equatable {
    /// Such as `endpoint.disabled`. Add, never rename.
    package let type: String
    package let data: JSONTree

    package init(type: String, data: JSONTree) {
        self.type = type
        self.data = data
    }

    static func endpointDisabled(_ endpoint: String, because reason: String) -> OperatorEvent {
        OperatorEvent(
            type: "endpoint.disabled",
            data: .object(["endpoint": .string(endpoint), "reason": .string(reason)]))
    }

    static func deliveryExhausted(_ header: Delivery.Header, error: String) -> OperatorEvent {
        OperatorEvent(
            type: "delivery.exhausted",
            data: .object([
                "endpoint": .string(header.endpoint), "delivery": .string(header.id),
                "records": .integer(header.records), "first_sequence": .integer(Int(header.first)),
                "last_sequence": .integer(Int(header.last)), "attempts": .integer(header.attempts + 1),
                "error": .string(error),
            ]))
    }

    /// Type, time and data, as Standard Webhooks recommend for a payload.
    func body(at time: WallTime) -> RecordBody {
        let payload = JSONTree.object([
            "type": .string(type), "timestamp": .string(InternetDate.print(time)), "data": data,
        ])
        return RecordBody(event: payload.json)
    }
}
