import SignalboxCore
import SignalboxHTTP
import SignalboxProviders

/// Reads a request in Anthropic's dialect out of an exchange.
enum MessagesRequest {
    /// The caller's `anthropic-beta`, longer than which it is not passed on.
    static let betaBytesMax = 1_024

    static func read(_ exchange: Exchange, bytesMax: Int) throws(RequestError) -> ChatCall {
        let asked = try ChatRequest.open(exchange, bytesMax: bytesMax)
        do throws(UpstreamFailure) {
            return try AnthropicDialect().read(
                asked.fields, model: asked.model, isStreaming: asked.isStreaming, headers: headers(exchange))
        } catch {
            throw .refused(error)
        }
    }

    /// Which unfinished parts of the API the body makes use of: it would be refused without.
    private static func headers(_ exchange: Exchange) -> [(name: String, value: String)] {
        guard let beta = exchange.header("anthropic-beta"), beta.utf8.count <= betaBytesMax,
            beta.utf8.allSatisfy({ 0x20..<0x7F ~= $0 })
        else { return [] }
        return [("anthropic-beta", beta)]
    }
}
