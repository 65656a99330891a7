import SignalboxCore

/// Judges a key by listing the models, and then by having the tokens of one word counted: models are listed
/// to keys whose project was denied all else.
enum GeminiProbe {
    private static let counted = Array(#"{"contents":[{"role":"user","parts":[{"text":"Hello"}]}]}"#.utf8)

    private static let vendor = KeyVendor(name: "Gemini", failure: GeminiFailure.judge, ownState: state)

    static func make(baseURL: String, key: Secret?, models wanted: [String]) -> StagedProbe {
        let headers = headers(key)
        let models = StagedProbe.Stage(
            request: { _ in KeyProbeRequest(.get, baseURL + "/models", headers: headers) }
        ) { tree, report in
            guard let list = tree["models"]?.elements else { return false }
            report.details.models = KeyProbing.names(list, "name")
            return true
        }
        let count = StagedProbe.Stage(
            role: .detail,
            request: { report in
                guard let path = wanted.first.map({ GeminiModel($0).path }) ?? report.details.models.first
                else { return nil }
                return counting(baseURL, key, path: path)
            }
        ) { tree, report in
            guard tree["totalTokens"]?.integer != nil else { return false }
            report.message =
                "Gemini knows the key and lets it reach a model; whether it may generate was not tried"
            return true
        }
        return StagedProbe(vendor, key: key, stages: [models, count])
    }

    /// A model that is listed may be denied.
    static func make(baseURL: String, key: Secret?, model: String) -> ModelProbe? {
        guard ModelProbe.path(of: model) != nil else { return nil }
        return ModelProbe(
            vendor: vendor, key: key, model: model,
            request: counting(baseURL, key, path: GeminiModel(model).path),
            isTold: { $0["totalTokens"]?.integer != nil })
    }

    private static func counting(_ baseURL: String, _ key: Secret?, path: String) -> KeyProbeRequest {
        KeyProbeRequest(
            .post, "\(baseURL)/\(path):countTokens",
            headers: headers(key) + [(name: "content-type", value: Secret("application/json"))],
            body: counted)
    }

    private static func headers(_ key: Secret?) -> [(name: String, value: Secret)] {
        [(name: "x-goog-api-key", value: key ?? Secret(""))]
    }

    @Sendable private static func state(_ failure: UpstreamFailure) -> KeyState? {
        guard let code = failure.code else { return nil }
        // Said of good keys of the newer form, too.
        if code == GeminiErrorReason.tokenTypeUnsupported.rawValue { return .unknown }
        // The addresses that a key may be used from, and the countries.
        if code == GeminiErrorReason.addressBlocked.rawValue { return .wrongRegionOrFolder }
        return code == GeminiErrorStatus.failedPrecondition.rawValue && failure.kind == .accessMissing
            ? .wrongRegionOrFolder : nil
    }
}
