import SignalboxConfig
import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Synchronization

/// An OpenAI on a socket: it lists its models, or refuses the key.
final class KeyVendor: Sendable {
    private let server: RawServer
    private let state: Place

    private final class Place: Sendable {
        let isRefusing = Atomic(false)
        let asked = Atomic(0)
    }

    init() throws {
        let state = Place()
        self.state = state
        server = try RawServer { socket in
            while socket.readMessage() != nil {
                state.asked.add(1, ordering: .relaxed)
                let isRefusing = state.isRefusing.load(ordering: .relaxed)
                socket.write(
                    isRefusing
                        ? KeyVendor.reply("401 Unauthorized", #"{"error":{"code":"invalid_api_key"}}"#)
                        : KeyVendor.reply("200 OK", #"{"object":"list","data":[{"id":"m"}]}"#))
            }
        }
    }

    private static func reply(_ status: String, _ body: String) -> [UInt8] {
        Array(
            """
            HTTP/1.1 \(status)\r\nContent-Type: application/json\r\n\
            Content-Length: \(body.utf8.count)\r\n\r\n\(body)
            """.utf8)
    }

    /// Requests so far.
    var asked: Int { state.asked.load(ordering: .relaxed) }

    func refuse() {
        state.isRefusing.store(true, ordering: .relaxed)
    }

    func stop() {
        server.stop()
    }

    /// One provider of kind `openai`, which has these keys.
    func configuration(keys: String...) -> Configuration {
        var provider = Configuration.Provider(
            name: "openai", kind: .openai, baseURL: BaseURL("http://127.0.0.1:\(server.port)/v1"),
            keys: keys.enumerated().map {
                Configuration.Key(alias: "openai-\($0.offset)", secret: Secret($0.element))
            },
            models: ["m"])
        provider.timeouts.connect = .seconds(5)
        var configuration = Configuration()
        configuration.providers = [provider]
        configuration.routes = [
            Configuration.Route(
                model: "chat", targets: [Configuration.Target(provider: "openai", models: ["m"])])
        ]
        return configuration
    }
}
