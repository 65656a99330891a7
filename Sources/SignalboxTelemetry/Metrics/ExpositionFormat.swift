import SignalboxCore

/// The formats in which a registry's metrics are exposed.
public enum ExpositionFormat: Sendable, Hashable, CaseIterable {
    /// The text format 0.0.4, which every version of Prometheus reads.
    case text
    /// OpenMetrics 1.0.0.
    case openMetrics
    /// Delimited protobuf messages, the only format with native histograms.
    case protobuf

    /// The value of `Content-Type`. Prometheus 3 refuses a scrape whose type it cannot read.
    public var contentType: String {
        switch self {
        case .text, .openMetrics: "\(mediaType); version=\(version); charset=utf-8"
        case .protobuf: "\(mediaType); proto=\(Self.message); encoding=\(Self.encoding)"
        }
    }

    /// The format that a scraper with this `Accept` likes best.
    ///
    /// One without a preference gets the text format: no field, one that cannot be read, or one that accepts
    /// nothing that we have. An answer that might be understood is of more use than a 406.
    public static func negotiate(accept: String?) -> ExpositionFormat {
        guard let accept else { return .text }
        let choices = AcceptField(accept).choices
        let offers = allCases.compactMap { format in
            format.preference(among: choices).map { (format: format, preference: $0) }
        }
        var best = offers.first
        for offer in offers.dropFirst() {
            if let leader = best?.preference, !offer.preference.isBetter(than: leader) { continue }
            best = offer
        }
        return best?.format ?? .text
    }

    private var mediaType: String {
        switch self {
        case .text: "text/plain"
        case .openMetrics: "application/openmetrics-text"
        case .protobuf: "application/vnd.google.protobuf"
        }
    }

    /// Empty where the type has none.
    private var version: String {
        switch self {
        case .text: "0.0.4"
        case .openMetrics: "1.0.0"
        case .protobuf: ""
        }
    }

    private static let message = "io.prometheus.client.MetricFamily"
    private static let encoding = "delimited"
}

extension ExpositionFormat {
    /// How closely a choice names a format.
    private enum Closeness: Int {
        /// `*/*`
        case anything
        /// `text/*`
        case family
        /// The media type, whatever its version.
        case type
        case version
    }

    private struct Preference {
        var closeness: Closeness
        var weight: Double
        /// Where in the field it stands.
        var place: Int

        /// At the same weight the format that was named is meant rather than the one that a wildcard admits,
        /// and then the one named first.
        func isBetter(than other: Preference) -> Bool {
            if weight != other.weight { return weight > other.weight }
            if closeness != other.closeness { return closeness.rawValue > other.closeness.rawValue }
            return place < other.place
        }
    }

    /// The closest choice decides, so that `*/*` does not bring back what was refused by name. Nil where the
    /// format is not accepted.
    private func preference(among choices: [AcceptField.Choice]) -> Preference? {
        var best: Preference?
        for (place, choice) in choices.enumerated() {
            guard let closeness = closeness(of: choice) else { continue }
            let candidate = Preference(closeness: closeness, weight: choice.weight, place: place)
            guard let leader = best, closeness.rawValue <= leader.closeness.rawValue else {
                best = candidate
                continue
            }
            if closeness == leader.closeness && candidate.weight > leader.weight { best = candidate }
        }
        return best.flatMap { $0.weight > 0 ? $0 : nil }
    }

    /// Nil where the choice is another type, or a version that we do not write. Other parameters do not
    /// matter: the text is UTF-8, and its names need no escaping in any scheme.
    private func closeness(of choice: AcceptField.Choice) -> Closeness? {
        switch choice.name {
        case "*/*": return .anything
        case mediaType: return closeness(parameters: choice.parameters)
        default:
            return choice.name == mediaType.prefix { $0 != "/" } + "/*" ? .family : nil
        }
    }

    private func closeness(parameters: [String: String]) -> Closeness? {
        switch self {
        case .text, .openMetrics:
            guard let asked = parameters["version"] else { return .type }
            return asked == version ? .version : nil
        case .protobuf:
            // Nobody can tell what is wanted of whoever does not say which message.
            let isOurs = parameters["proto"] == Self.message && parameters["encoding"] == Self.encoding
            return isOurs ? .version : nil
        }
    }
}
