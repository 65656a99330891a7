import SignalboxCore

/// Judges a key by listing the models, which is free.
enum AnthropicProbe {
    static func make(baseURL: String, key: Secret?) -> StagedProbe {
        let headers = [
            (name: "anthropic-version", value: Secret(AnthropicAdapter.version)),
            (name: "x-api-key", value: key ?? Secret("")),
        ]
        let models = StagedProbe.Stage(
            request: { _ in KeyProbeRequest(.get, baseURL + "/models", headers: headers) }
        ) { tree, report in
            guard let list = tree["data"]?.elements else { return false }
            report.details.models = KeyProbing.names(list, "id")
            return true
        }
        return StagedProbe(
            KeyVendor(name: "Anthropic", failure: AnthropicFailure.judge), key: key, stages: [models])
    }
}
