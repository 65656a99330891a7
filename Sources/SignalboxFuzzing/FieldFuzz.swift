import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxServer
import SignalboxTelemetry

/// Header fields, and what receivers of exports answer.
enum FieldFuzz {
    static let targets = [
        FuzzTarget(
            "accept", words: ["q=", ";", ",", "*/*", "text/plain", "gzip", "\\\"", "version=1.0.0"],
            sample: { mutation in Array(mutation.pick(accepts).utf8) }, brokenPromise: accept),
        FuzzTarget(
            "trace-context", words: ["00-", "-01", "=", "@", ",", "\t"], sample: trace, brokenPromise: trace),
        FuzzTarget(
            "authorization", words: ["Bearer ", "Basic "],
            sample: { mutation in Array(mutation.pick(["Bearer abc", "Basic YTpi", "bearer  x", ""]).utf8) },
            brokenPromise: authorization),
        FuzzTarget(
            "retry-after", words: FuzzRequests.names + FuzzRequests.values,
            sample: { FuzzInput.written(FuzzRequests.headers(&$0)) }, brokenPromise: retryAfter),
        FuzzTarget("otlp-reply", sample: exportReply, brokenPromise: exportReply),
    ]

    // MARK: Accept, Accept-Encoding

    private static let accepts = [
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7",
        "gzip;q=0.8, identity;q=.5, *;q=0", "text/*; charset=\"utf-8\\\"\"; q=1", "",
    ]

    private static func accept(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        _ = (ExpositionFormat.negotiate(accept: text), Gzip.isPreferred(acceptEncoding: text))
        let choices = AcceptField(text).choices
        guard choices.count <= input.count(where: { $0 == UInt8(ascii: ",") }) + 1 else {
            return "at most one choice between commas"
        }
        guard
            choices.allSatisfy({ 0...1 ~= $0.weight && !$0.name.isEmpty && $0.name == $0.name.lowercased() })
        else { return "named in lower case, weighed from 0 to 1" }
        // Header fields are ASCII; what else there is may melt with the quotes that are put around it.
        guard input.allSatisfy({ $0 < 0x80 }) else { return nil }
        let written = choices.map(written).joined(separator: ",")
        let again = AcceptField(written).choices
        let isSame =
            again.map(\.name) == choices.map(\.name) && again.map(\.parameters) == choices.map(\.parameters)
        return isSame ? nil : "what is written is what was read: \(written)"
    }

    private static func written(_ choice: AcceptField.Choice) -> String {
        choice.parameters.sorted { $0.key < $1.key }.reduce(choice.name) { text, parameter in
            let escaped = parameter.value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            return text + ";\(parameter.key)=\"\(escaped)\""
        }
    }

    // MARK: traceparent, tracestate

    private static func trace(_ mutation: inout FuzzMutation) -> [UInt8] {
        let parents = [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-what the future will be",
            " 00-00000000000000000000000000000001-0000000000000001-00\t",
        ]
        let long = (0..<33).map { "k\($0)=\(String(repeating: "v", count: $0 * 8))" }.joined(separator: ",")
        let states = [
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "fw529a3039@dt=FfAAAAA, a=1 ,,b=2", long, "",
        ]
        return Array(
            [mutation.pick(parents), mutation.pick(states), mutation.pick(states)].joined(separator: "\n")
                .utf8)
    }

    /// The parent's line, then those of the state.
    private static func trace(_ bytes: [UInt8]) -> String? {
        var input = FuzzInput(bytes)
        let parent = String(decoding: input.line() ?? [], as: UTF8.self)
        var states: [String] = []
        while let line = input.line() { states.append(String(decoding: line, as: UTF8.self)) }
        guard let context = TraceContext(traceparent: parent, tracestate: states) else { return nil }
        guard context.traceID.isValid, context.spanID.isValid else { return "ids are not all zero" }
        guard let again = TraceContext(traceparent: context.traceparent), again.traceID == context.traceID,
            again.spanID == context.spanID, again.flags == context.flags
        else { return "what is passed on is what came" }
        guard let state = context.state else { return nil }
        let members = state.text.split(separator: ",", omittingEmptySubsequences: false)
        guard state.text.utf8.count <= TraceState.bytesMax, members.count <= TraceState.membersMax else {
            return "a state of 512 bytes and 32 members at most"
        }
        return TraceState(parsing: [state.text]) == state
            ? nil : "what is passed on of the state is well formed"
    }

    // MARK: Authorization, Retry-After

    private static func authorization(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        switch AuthorizationField(text) {
        case .bearer(let credentials), .basic(let credentials):
            return !credentials.isEmpty && text.hasSuffix(credentials)
                ? nil : "credentials are the field's end"
        case nil: return nil
        }
    }

    private static func retryAfter(_ bytes: [UInt8]) -> String? {
        var input = FuzzInput(bytes)
        let headers = input.headers()
        let now = WallTime(nanosecondsSince1970: 1_750_000_000_000_000_000)
        var waits = [RetryAfter.read(HeaderBlock(headers), at: now)]
        for value in headers.values {
            waits.append(RetryAfter.units(value))
            // A receiver of exports may be away for as long as it likes.
            let date = RetryAfterField.parse(value, at: now) ?? .zero
            guard date >= .zero, date <= .seconds(200 * 366 * 86_400) else {
                return "a wait has an end: \(date)"
            }
        }
        return waits.compactMap(\.self).allSatisfy { $0 >= .zero && $0 <= RetryAfter.longest }
            ? nil : "a provider's wait of 31 days at most"
    }

    // MARK: OTLP

    private static func exportReply(_ mutation: inout FuzzMutation) -> [UInt8] {
        partial(
            rejected: Int64(mutation.pick([0, 1, 300])), message: mutation.pick(["", "full", "quota é"]))
    }

    private static func partial(rejected: Int64, message: String) -> [UInt8] {
        var part = ProtobufWriter()
        part.int(1, rejected)
        part.string(2, message)
        var whole = ProtobufWriter()
        whole.bytes(1, part.bytes)
        return whole.bytes
    }

    /// Any bytes, and the message that is made of them.
    private static func exportReply(_ bytes: [UInt8]) -> String? {
        for part in [ExportReply.partialSuccess(in: bytes)].compactMap(\.self) {
            let isBounded = part.message.utf8.count <= ExportReply.messageBytesMax
            guard isBounded, part.rejected > 0 || (part.rejected == 0 && !part.message.isEmpty) else {
                return "something is said, and bounded"
            }
        }
        guard (ExportReply.statusMessage(in: bytes) ?? "").utf8.count <= ExportReply.messageBytesMax else {
            return "a message is bounded"
        }
        var input = FuzzInput(bytes)
        let rejected = Int64(bitPattern: input.number() >> 1)
        let message = String(decoding: input.bytes.prefix(64), as: UTF8.self)
        guard rejected > 0 || !message.isEmpty else { return nil }
        let read = ExportReply.partialSuccess(in: partial(rejected: rejected, message: message))
        return read?.rejected == Int(rejected) && read?.message == message ? nil : "what is written is read"
    }
}
