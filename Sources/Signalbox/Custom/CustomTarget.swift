import SignalboxConfig
import SignalboxCore
import SignalboxProviders

/// An embedder's provider, for one of its models and keys.
struct CustomTarget: Sendable {
    let provider: any CustomProvider
    let model: String
    let key: Secret?

    func call(_ call: ChatCall, body: [UInt8], requestID: String, at now: WallTime) throws(UpstreamFailure)
        -> CustomCall
    {
        CustomCall(
            model: model, conversation: try Conversation(reading: call), body: body, key: key,
            isStreaming: call.isStreaming, requestID: requestID, startedAt: now)
    }
}

extension Configuration {
    /// Whether a router can carry it out; besides, every provider of kind `custom` needs one that answers,
    /// and nothing else does.
    /// - Throws: what to mend.
    func check(_ custom: [String: any CustomProvider]) throws(RouterError) {
        try checkNames()
        for provider in providers where provider.kind == .custom && custom[provider.name] == nil {
            throw RouterError(
                description: """
                    provider \(provider.name) is of kind custom, and nobody registered it: only a program \
                    that embeds the router can answer for it \
                    (Router(…, custom: ["\(provider.name)": …]))
                    """)
        }
        for name in custom.keys.sorted() where !providers.contains(where: { $0.isCustom(name) }) {
            throw RouterError(
                description: "\(name) was registered, and no provider of kind custom has that name")
        }
    }
}

extension Configuration.Provider {
    fileprivate func isCustom(_ name: String) -> Bool { kind == .custom && self.name == name }
}
