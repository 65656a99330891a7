import Signalbox
import SignalboxCore
import SignalboxHTTP

/// OpenAI's error object, which its clients turn into their exceptions.
struct ErrorObject {
    var status: Int
    var type: String
    var code: String
    var message: String
    /// The request field that is at fault.
    var parameter: String?
    var attempts: [AttemptSummary] = []

    static let contentType = "application/json"

    static func invalid(_ message: String, code: String, parameter: String? = nil) -> ErrorObject {
        ErrorObject(
            status: 400, type: "invalid_request_error", code: code, message: message, parameter: parameter)
    }

    /// `{"error": {…}}`
    var json: [UInt8] {
        var bytes = Array(#"{"error":{"message":"#.utf8)
        JSONText.append(message, to: &bytes)
        bytes += Array(#","type":"#.utf8)
        JSONText.append(type, to: &bytes)
        bytes += Array(#","param":"#.utf8)
        if let parameter { JSONText.append(parameter, to: &bytes) } else { bytes += Array("null".utf8) }
        bytes += Array(#","code":"#.utf8)
        JSONText.append(code, to: &bytes)
        if !attempts.isEmpty {
            bytes += Array(#","attempts":"#.utf8)
            bytes += ErrorObject.json(of: attempts)
        }
        bytes += Array("}}".utf8)
        return bytes
    }

    var reply: Reply {
        Reply(status: status, headers: [("content-type", ErrorObject.contentType)], body: json)
    }

    /// As a caller of that dialect is told; nil is OpenAI's.
    func reply(in dialect: (any CallerDialect)?, requestID: String) -> Reply {
        guard let dialect else { return reply }
        return Reply(
            status: status,
            headers: [("content-type", ErrorObject.contentType)] + dialect.headers(requestID: requestID),
            body: dialect.error(said, requestID: requestID))
    }

    /// The same in no dialect.
    var said: CallerError {
        CallerError(
            status: status, code: code, message: message, parameter: parameter,
            attempts: attempts.isEmpty ? nil : ErrorObject.json(of: attempts))
    }

    private static func json(of attempts: [AttemptSummary]) -> [UInt8] {
        var bytes = Array("[".utf8)
        for (number, attempt) in attempts.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += Array(#"{"provider":"#.utf8)
            JSONText.append(attempt.provider, to: &bytes)
            bytes += Array(#","model":"#.utf8)
            JSONText.append(attempt.model, to: &bytes)
            if let errorType = attempt.errorType {
                bytes += Array(#","error_type":"#.utf8)
                JSONText.append(errorType, to: &bytes)
            }
            if let status = attempt.status {
                bytes += Array(#","status":"#.utf8)
                JSONText.append(status, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    /// A provider's own error object with the attempts added; as it came where it is not an object.
    static func extend(_ object: [UInt8], with attempts: [AttemptSummary]) -> [UInt8] {
        let fields: JSONFields
        do throws(JSONSyntaxError) {
            fields = try JSONFields(scanning: object)
        } catch {
            return object
        }
        guard let inner = fields.object("error") else { return object }
        var splice = JSONSplice(inner)
        splice.set("attempts", to: .json(json(of: attempts)))
        var outer = JSONSplice(fields)
        outer.set("error", to: .json(splice.build()))
        return outer.build()
    }
}
