import Foundation
import SignalboxCore
import Testing

@testable import SignalboxTelemetry

/// Holds docs/metrics.md to the catalogue: its tables are this file's text, word for word.
@Suite struct MetricsDocumentTests {
    private let document: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        document = try String(contentsOf: root.appending(path: "docs/metrics.md"), encoding: .utf8)
    }

    @Test func `every metric stands in the document as in the catalogue`() {
        expectTable(
            "| metric | type | labels | is |",
            rows: Catalogue.all.map { [name($0), type($0), labels($0), $0.help] })
    }

    @Test func `every closed list of label values stands in the document`() {
        let failures = FailureKind.all.map(\.label)
        expectTable(
            "| label | of | values |",
            rows: [
                list("status", of: [Catalogue.requests], AttemptStatus.allCases.map(\.rawValue)),
                list("error_type", of: [Catalogue.requestErrors], failures),
                list(
                    "type", of: [Catalogue.tokens, Catalogue.tenantTokens], TokenType.allCases.map(\.rawValue)
                ),
                list("kind", of: [Catalogue.tokenDetails], TokenDetailKind.allCases.map(\.rawValue)),
                list(
                    "outcome", of: [Catalogue.clientRequests, Catalogue.clientRequestDuration],
                    ClientOutcome.allCases.map(\.rawValue)),
                list("reason", of: [Catalogue.fallbacks, Catalogue.rotations], failures),
                list("kind", of: [Catalogue.rotations], RotationKind.allCases.map(\.rawValue)),
                list("outcome", of: [Catalogue.holds], HoldOutcome.allCases.map(\.rawValue)),
                list("outcome", of: [Catalogue.hedges], HedgeOutcome.allCases.map(\.rawValue)),
                list(
                    "outcome", of: [Catalogue.continuations], ContinuationOutcome.allCases.map(\.rawValue)),
                list(
                    "gen_ai_token_type", of: [Catalogue.genAITokenUsage], ["input", "output"]),
                list("reason", of: [Catalogue.requestsRejected], RejectionReason.allCases.map(\.rawValue)),
                list("result", of: [Catalogue.scrapes], ScrapeResult.allCases.map(\.rawValue)),
                list(
                    "encoding", of: [Catalogue.expositionBytes, Catalogue.webhookBytes],
                    ContentEncoding.allCases.map(\.rawValue)),
                list("result", of: [Catalogue.webhookDeliveries], DeliveryOutcome.allCases.map(\.rawValue)),
            ])
    }

    @Test func `the buckets are said`() {
        for bounds in [
            Catalogue.modelSeconds, Catalogue.ownSeconds, Catalogue.tokenSeconds, Catalogue.genAISeconds,
            Catalogue.genAITokens,
        ] {
            let text = bounds.map(number).joined(separator: ", ")
            #expect(document.contains(text), "Write into docs/metrics.md: \(text)")
        }
    }

    // MARK: What the document should say

    private func expectTable(_ head: String, rows: [[String]]) {
        let columns = head.split(separator: " | ").count
        let rule = "|" + String(repeating: "---|", count: columns)
        let lines = [head, rule] + rows.map { "| " + $0.joined(separator: " | ") + " |" }
        let table = lines.joined(separator: "\n") + "\n\n"
        let isThere = (document + "\n").contains(table)
        #expect(isThere, "Put this in place of the table \(head) of docs/metrics.md:\n\n\(table)")
    }

    private func name(_ metric: MetricDefinition) -> String { "`\(metric.name)`" }

    private func labels(_ metric: MetricDefinition) -> String { metric.labels.joined(separator: ", ") }

    private func type(_ metric: MetricDefinition) -> String {
        switch metric.buckets {
        case Catalogue.modelSeconds: "\(metric.kind.rawValue), model times"
        case Catalogue.ownSeconds: "\(metric.kind.rawValue), own times"
        case Catalogue.tokenSeconds: "\(metric.kind.rawValue), token times"
        case Catalogue.genAISeconds: "\(metric.kind.rawValue), GenAI times"
        case Catalogue.genAITokens: "\(metric.kind.rawValue), GenAI tokens"
        default: metric.kind.rawValue
        }
    }

    private func list(_ label: String, of metrics: [MetricDefinition], _ values: [String]) -> [String] {
        ["`\(label)`", metrics.map(name).joined(separator: ", "), values.joined(separator: ", ")]
    }

    /// Without an exponent: `0.00001`.
    private func number(_ bound: Double) -> String {
        var text = String(format: "%.6f", bound)
        while text.hasSuffix("0") { text.removeLast() }
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
