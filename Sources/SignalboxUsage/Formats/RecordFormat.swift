/// How usage records are put into the body of a delivery. The same records give the same bytes, whenever they
/// are written.
package enum RecordFormat: Sendable, Equatable {
    /// `{"type":"usage.records",…,"data":{…,"records":[…]}}`.
    case signalbox
    /// A batch of CloudEvents 1.0, in their JSON form: what an OpenMeter takes at `/api/v1/events`, too.
    case cloudEvents(EventNames)
    /// Lago's `/api/v1/events/batch`.
    case lago(LagoNames)
    /// One record a line.
    case ndjson

    /// What CloudEvents say of where they come from.
    package struct EventNames: Sendable, Equatable {
        /// A URI reference; with a record's id it is unique.
        package var source: String
        package var type: String

        package init(source: String = "signalbox", type: String = "signalbox.usage.v1") {
            self.source = source
            self.type = type
        }
    }

    /// What Lago wants to know besides the record.
    package struct LagoNames: Sendable, Equatable {
        /// The code of a billable metric.
        package var code: String
        /// The external id of the subscription that is billed.
        package var subscription: String

        package init(code: String = "usage", subscription: String) {
            self.code = code
            self.subscription = subscription
        }
    }

    /// The most records that a body may have, where the format's receiver has a limit of its own.
    package var recordsMax: Int? {
        switch self {
        case .lago: 100
        case .signalbox, .cloudEvents, .ndjson: nil
        }
    }

    /// - Parameter isSingle: of one record, which goes without a batch around it.
    func kind(isSingle: Bool) -> BodyKind {
        switch self {
        case .signalbox: isSingle ? .record : .records
        case .cloudEvents: isSingle ? .cloudEvent : .cloudEvents
        case .lago: .lago
        case .ndjson: .ndjson
        }
    }
}

/// What a body is, as it is written beside it in the store: it is sent, and its answer is read, as what it
/// was made, whatever the configuration says by then. Add, never rename.
package enum BodyKind: String, Sendable, CaseIterable {
    case records, record
    case cloudEvents = "cloudevents"
    case cloudEvent = "cloudevent"
    case lago, ndjson
    /// No usage: something that the operator is told.
    case event

    package var contentType: String {
        switch self {
        case .records, .record, .lago, .event: "application/json"
        case .cloudEvents: "application/cloudevents-batch+json"
        case .cloudEvent: "application/cloudevents+json"
        case .ndjson: "application/x-ndjson"
        }
    }
}
