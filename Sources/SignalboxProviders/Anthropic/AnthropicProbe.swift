import SignalboxCore

/// Judges a key by listing the models, which is free.
enum AnthropicProbe {
    private static let vendor = KeyVendor(name: "Anthropic", failure: AnthropicFailure.judge)

    static func make(baseURL: String, key: Secret?) -> StagedProbe {
        let models = StagedProbe.Stage(
            request: { _ in KeyProbeRequest(.get, baseURL + "/models", headers: headers(key)) }
        ) { tree, report in
            guard let list = tree["data"]?.elements else { return false }
            report.details.models = KeyProbing.names(list, "id")
            return true
        }
        return StagedProbe(vendor, key: key, stages: [models])
    }

    /// Short names (`claude-sonnet-4-5`) are known, and not on the list.
    static func make(baseURL: String, key: Secret?, model: String) -> ModelProbe? {
        ModelProbe.path(of: model).map { path in
            ModelProbe(
                vendor: vendor, key: key, model: model,
                request: KeyProbeRequest(.get, baseURL + "/models/" + path, headers: headers(key)),
                isTold: { $0["id"]?.string?.isEmpty == false })
        }
    }

    private static func headers(_ key: Secret?) -> [(name: String, value: Secret)] {
        [
            (name: "anthropic-version", value: Secret(AnthropicAdapter.version)),
            (name: "x-api-key", value: key ?? Secret("")),
        ]
    }
}
