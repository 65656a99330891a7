package import SignalboxCore
package import SignalboxHTTP

/// Reads a request out of an exchange: only what routing needs is looked at.
enum ChatRequest {
    /// What both dialects name alike.
    struct Opening {
        let fields: JSONFields
        let model: String
        let isStreaming: Bool
    }

    /// A chat completion request.
    static func read(_ exchange: Exchange, bytesMax: Int) throws(RequestError) -> ChatCall {
        let asked = try open(exchange, bytesMax: bytesMax)
        return ChatCall(
            body: asked.fields.bytes, fields: asked.fields, model: asked.model,
            isStreaming: asked.isStreaming)
    }

    /// A chat request in either dialect.
    static func open(_ exchange: Exchange, bytesMax: Int) throws(RequestError) -> Opening {
        let (fields, model) = try fields(of: exchange, bytesMax: bytesMax)
        var isStreaming = false
        if let stream = fields["stream"], stream.kind != .null {
            guard let wanted = fields.bool("stream") else {
                throw .invalid("`stream` must be true or false.", "invalid_type", "stream")
            }
            isStreaming = wanted
        }
        return Opening(fields: fields, model: model, isStreaming: isStreaming)
    }

    /// A request for embeddings.
    static func readEmbeddings(_ exchange: Exchange, bytesMax: Int) throws(RequestError) -> ChatCall {
        let (fields, model) = try fields(of: exchange, bytesMax: bytesMax)
        guard let input = fields["input"], input.kind != .null else {
            throw .invalid("You must provide an input parameter.", "missing_required_parameter", "input")
        }
        return ChatCall(body: fields.bytes, fields: fields, model: model, operation: .embeddings)
    }

    private static func fields(
        of exchange: Exchange, bytesMax: Int
    ) throws(RequestError) -> (JSONFields, model: String) {
        let body = try body(of: exchange, bytesMax: bytesMax)
        let fields: JSONFields
        do throws(JSONSyntaxError) {
            fields = try JSONFields(scanning: body)
        } catch {
            throw .invalid("The request body is not a JSON object: \(error).", "invalid_json", nil)
        }
        guard let name = fields["model"] else {
            throw .invalid("You must provide a model parameter.", "missing_required_parameter", "model")
        }
        guard let model = JSONScan.string(at: name, in: fields.bytes), !model.isEmpty else {
            throw .invalid("`model` must be a string that is not empty.", "invalid_type", "model")
        }
        return (fields, model)
    }

    /// Unpacked, and not empty.
    static func body(of exchange: Exchange, bytesMax: Int) throws(RequestError) -> [UInt8] {
        let body = try decoded(exchange, bytesMax: bytesMax)
        guard !body.isEmpty else { throw .invalid("The request has no body.", "missing_body", nil) }
        return body
    }

    private static func decoded(_ exchange: Exchange, bytesMax: Int) throws(RequestError) -> [UInt8] {
        guard let coding = exchange.header("content-encoding")?.lowercased(), coding != "identity" else {
            return exchange.body
        }
        guard coding == "gzip" || coding == "x-gzip" else { throw .coding(.unsupported(coding)) }
        do throws(GzipError) {
            return try Gzip.decompress(exchange.body, bytesMax: bytesMax)
        } catch {
            throw .coding(.gzip(error))
        }
    }
}

/// What is wrong with a request, before any provider is asked.
package enum RequestError: Error {
    package enum Coding {
        case unsupported(String)
        case gzip(GzipError)
    }

    case invalid(_ message: String, _ code: String, _ parameter: String?)
    case coding(Coding)
    /// It cannot be read as its dialect wants.
    case refused(UpstreamFailure)

    var object: ErrorObject {
        switch self {
        case .invalid(let message, let code, let parameter):
            return .invalid(message, code: code, parameter: parameter)
        case .refused(let failure):
            return .invalid(
                failure.message, code: failure.code ?? "invalid_value", parameter: failure.parameter)
        case .coding(.unsupported(let coding)):
            return ErrorObject(
                status: 415, type: "invalid_request_error", code: "unsupported_encoding",
                message: "Content-Encoding \(coding.prefix(40)) is not supported; send gzip or identity.")
        case .coding(.gzip(.tooLarge(let limit))):
            return ErrorObject(
                status: 413, type: "invalid_request_error", code: "body_too_large",
                message: "The request body is larger than \(limit) bytes when decompressed.")
        case .coding(.gzip(let error)):
            return .invalid("The request body is not gzip: \(error).", code: "invalid_encoding")
        }
    }
}
